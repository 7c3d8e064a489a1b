import { ACT_NONE } from '../abi/constants.ts'
import type { Fusion, Node, Replacement, Value } from '../program/graph.ts'
import { fusedMatmul, matmulOp } from './matmul.ts'

// Planner rules: a product takes over the bias and the activation that follow it, a gradient the slope of a ReLU.

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

/** A gradient times the slope of a ReLU, where its op can. */
export function absorbSlope({ inputs: [dy, y] }: Node, fusion: Fusion): Replacement | undefined {
  const from = dy && y && fusion.soleProducer(dy)
  return from?.op.sloped?.(from, y as Value)
}
