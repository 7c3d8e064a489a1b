import { number, text } from './attrs.ts'
import { geluSlope, geluTanhSlope, pow, sigmoid } from './special.ts'
import { type Attrs, broadcastShape, broadcastStrides, input, offsetsOf, type Reference, type Rows } from './tensor.ts'

type Pair = (a: number, b: number) => number

/** y = f(a, b), both broadcast to the common shape. */
function elementwise(make: (attrs: Attrs) => Pair): Reference {
  return (inputs, attrs) => {
    const a = input(inputs, 0)
    const b = input(inputs, 1)
    const f = make(attrs)
    const shape = broadcastShape(a.shape, b.shape)
    const fromA = offsetsOf(shape, broadcastStrides(a.shape, shape))
    const fromB = offsetsOf(shape, broadcastStrides(b.shape, shape))
    const data = fromA.map((at, i) => f(a.data[at] as number, b.data[fromB[i] as number] as number))
    return [{ shape, data }]
  }
}

const plain = (f: Pair): Reference => elementwise(() => f)
const compare = (f: (a: number, b: number) => boolean): Reference => plain((a, b) => (f(a, b) ? 1 : 0))

export const binary: Rows<
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'maximum'
  | 'minimum'
  | 'pow'
  | 'squaredDifference'
  | 'greater'
  | 'greaterEqual'
  | 'equal'
  | 'notEqual'
  | 'reluGrad'
  | 'tanhGrad'
  | 'sigmoidGrad'
  | 'absGrad'
  | 'geluGrad'
  | 'siluGrad'
  | 'softplusGrad'
  | 'leakyReluGrad'
  | 'eluGrad'
  | 'clipGrad'
  | 'hardtanhGrad'
> = {
  add: plain((a, b) => a + b),
  sub: plain((a, b) => a - b),
  mul: plain((a, b) => a * b),
  div: plain((a, b) => a / b),
  maximum: plain(Math.max),
  minimum: plain(Math.min),
  pow: plain(pow),
  squaredDifference: plain((a, b) => (a - b) * (a - b)),
  greater: compare((a, b) => a > b),
  greaterEqual: compare((a, b) => a >= b),
  equal: compare((a, b) => a === b),
  notEqual: compare((a, b) => a !== b),

  // Gradients that the value of the output decides: (dy, y) -> dx.
  reluGrad: plain((dy, y) => (y > 0 ? dy : 0)),
  tanhGrad: plain((dy, y) => dy * (1 - y * y)),
  sigmoidGrad: plain((dy, y) => dy * y * (1 - y)),

  // Gradients that need the input: (dy, x) -> dx.
  absGrad: plain((dy, x) => dy * Math.sign(x)),
  geluGrad: elementwise((attrs) => {
    const slope = text(attrs, 'approximate') === 'tanh' ? geluTanhSlope : geluSlope
    return (dy, x) => dy * slope(x)
  }),
  siluGrad: plain((dy, x) => {
    const s = sigmoid(x)
    return dy * s * (1 + x * (1 - s))
  }),
  softplusGrad: plain((dy, x) => dy * sigmoid(x)),
  leakyReluGrad: elementwise((attrs) => {
    const slope = number(attrs, 'slope')
    return (dy, x) => (x > 0 ? dy : slope * dy)
  }),
  eluGrad: elementwise((attrs) => {
    const alpha = number(attrs, 'alpha')
    return (dy, x) => (x > 0 ? dy : dy * alpha * Math.exp(x))
  }),
  hardtanhGrad: elementwise((attrs) => {
    const min = number(attrs, 'min')
    const max = number(attrs, 'max')
    return (dy, x) => (min < x && x < max ? dy : 0)
  }),
  clipGrad: elementwise((attrs) => {
    const min = number(attrs, 'min')
    const max = number(attrs, 'max')
    return (dy, x) => (min <= x && x <= max ? dy : 0)
  }),
}
