import { ACT_RELU } from '../abi/constants.ts'
import { number } from './attrs.ts'
import { reduce } from './reduce.ts'
import { type Attrs, broadcastShape, broadcastStrides, input, offsetsOf, type RefTensor } from './tensor.ts'

/**
 * Which smooth piece of the operation each element lies on, as one number an element. A central difference whose two
 * ends lie on other pieces than its middle straddles a kink and says nothing about the derivative.
 */
export type Pieces = (inputs: readonly RefTensor[], attrs: Attrs, outputs: readonly RefTensor[]) => Float64Array

const signOf =
  (operand: number): Pieces =>
  (inputs) =>
    input(inputs, operand).data.map(Math.sign)

/** The sign of a - b. */
const order: Pieces = (inputs) => {
  const a = input(inputs, 0)
  const b = input(inputs, 1)
  const shape = broadcastShape(a.shape, b.shape)
  const fromB = offsetsOf(shape, broadcastStrides(b.shape, shape))
  return offsetsOf(shape, broadcastStrides(a.shape, shape)).map((at, i) =>
    Math.sign((a.data[at] as number) - (b.data[fromB[i] as number] as number)),
  )
}

const between =
  (operand: number): Pieces =>
  (inputs, attrs) => {
    const [min, max] = [number(attrs, 'min'), number(attrs, 'max')]
    return input(inputs, operand).data.map((x) => Math.sign(x - min) + Math.sign(x - max))
  }

/** Where the extreme value along the axes lies. */
const winner =
  (sign: 1 | -1): Pieces =>
  ([x], attrs) => {
    const extreme = reduce[sign === 1 ? 'max' : 'min']([x!], { ...attrs, keepDims: true })[0]!
    const at = offsetsOf(x!.shape, broadcastStrides(extreme.shape, x!.shape))
    // a tie ends when one of its members moves: mark all members
    return x!.data.map((v, i) => (v === extreme.data[at[i] as number] ? 1 : 0))
  }

const result: Pieces = (_inputs, _attrs, outputs) => input(outputs, 0).data

/** The operations that are smooth only piece by piece; all others are smooth where they are defined. */
export const kinks: Readonly<Record<string, Pieces>> = {
  abs: signOf(0),
  relu: signOf(0),
  leakyRelu: signOf(0),
  elu: signOf(0),
  sign: signOf(0),
  clip: between(0),
  hardtanh: between(0),
  floor: result,
  ceil: result,
  round: result,
  where: (inputs) => input(inputs, 0).data.map((condition) => (condition !== 0 ? 1 : 0)),
  argmax: result,
  argmin: result,
  argsort: result,
  fusedMatmul: (_inputs, attrs, outputs) =>
    attrs['activation'] === ACT_RELU ? input(outputs, 0).data.map(Math.sign) : new Float64Array(0),
  fusedConv2d: (_inputs, attrs, outputs) =>
    attrs['activation'] === ACT_RELU ? input(outputs, 0).data.map(Math.sign) : new Float64Array(0),
  maximum: order,
  minimum: order,
  greater: order,
  greaterEqual: order,
  equal: order,
  notEqual: order,
  absGrad: signOf(1),
  reluGrad: signOf(1),
  leakyReluGrad: signOf(1),
  eluGrad: signOf(1),
  clipGrad: between(1),
  hardtanhGrad: between(1),
  max: winner(1),
  min: winner(-1),
}
