import { ACT_NONE } from '../abi/constants.ts'
import type { Fusion, Node, Replacement } from '../program/graph.ts'
import { fusedMatmul, matmulOp } from './matmul.ts'

// Planner rules: a matrix product takes over the bias and the activation that follow it.

/** matmul(a, b) + bias becomes one product, where the bias is a row added to every row. */
export function absorbBias(node: Node, fusion: Fusion): Replacement | undefined {
  for (const [product, bias] of [
    [node.inputs[0], node.inputs[1]],
    [node.inputs[1], node.inputs[0]],
  ]) {
    if (product === undefined || bias === undefined) return undefined
    const from = fusion.soleProducer(product)
    if (from?.op !== matmulOp || product.shape.length !== 2) continue
    if (bias.shape.length !== 1 || bias.shape[0] !== product.shape[1]) continue
    return { op: fusedMatmul, inputs: [...from.inputs, bias], attrs: { ...from.attrs, activation: ACT_NONE } }
  }
  return undefined
}

/** f of a product becomes one product, where its op can: matmul with or without a bias, convolution. */
export function absorbActivation(node: Node, fusion: Fusion, activation: number): Replacement | undefined {
  const from = node.inputs[0] === undefined ? undefined : fusion.soleProducer(node.inputs[0])
  return from?.op.activated?.(from, activation)
}
