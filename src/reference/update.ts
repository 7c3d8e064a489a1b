import { flag, number } from './attrs.ts'
import { type Attrs, input, type Reference, type RefTensor, type Rows } from './tensor.ts'

const word = (inputs: readonly RefTensor[], index: number): number => input(inputs, index).data[0] as number
const like = (x: RefTensor, f: (v: number, i: number) => number): RefTensor => ({ shape: x.shape, data: x.data.map(f) })

/** (p, g, lr, step, v?) -> the new [p, v?]. */
const sgd: Reference = (inputs, attrs) => {
  const [p, g, v] = [input(inputs, 0), input(inputs, 1), inputs[4]]
  const lr = word(inputs, 2)
  const first = word(inputs, 3) === 1
  const decay = number(attrs, 'weightDecay')
  const momentum = number(attrs, 'momentum')
  const decayed = like(p, (w, i) => (g.data[i] as number) + decay * w)
  const descend = (along: RefTensor): RefTensor => like(p, (w, i) => w - lr * (along.data[i] as number))
  if (v === undefined) return [descend(decayed)]
  const velocity = like(v, (old, i) => {
    const slope = decayed.data[i] as number
    return first ? slope : momentum * old + (1 - number(attrs, 'dampening')) * slope
  })
  const ahead = like(decayed, (slope, i) => slope + momentum * (velocity.data[i] as number))
  return [descend(flag(attrs, 'nesterov') ? ahead : velocity), velocity]
}

/** (p, g, m, v, lr, c1, c2) -> the new [p, m, v]; c1 = 1 - beta1^t, c2 = 1 - beta2^t. */
const adam: Reference = (inputs, attrs) => {
  const [p, g, m, v] = [input(inputs, 0), input(inputs, 1), input(inputs, 2), input(inputs, 3)]
  const [lr, c1, c2] = [word(inputs, 4), word(inputs, 5), word(inputs, 6)]
  const [beta1, beta2, eps] = [number(attrs, 'beta1'), number(attrs, 'beta2'), number(attrs, 'eps')]
  const decay = number(attrs, 'weightDecay')
  const decoupled = flag(attrs, 'decoupled')
  const slope = like(g, (d, i) => (decoupled ? d : d + decay * (p.data[i] as number)))
  const mean = like(m, (old, i) => beta1 * old + (1 - beta1) * (slope.data[i] as number))
  const squares = like(v, (old, i) => beta2 * old + (1 - beta2) * (slope.data[i] as number) ** 2)
  const next = like(p, (w, i) => {
    const shrunk = decoupled ? w - lr * decay * w : w
    return shrunk - (lr * ((mean.data[i] as number) / c1)) / (Math.sqrt((squares.data[i] as number) / c2) + eps)
  })
  return [next, mean, squares]
}

/** (p, g, m, v, w, lr, c1, c2) -> the new [p, m, v, w]: Adam by the largest second moment so far. */
const amsgrad: Reference = ([p, g, m, v, w, ...scalars], attrs) => {
  const operands = [p, g, m, v, ...scalars] as RefTensor[]
  const [, mean, squares] = adam(operands, attrs) as [RefTensor, RefTensor, RefTensor]
  const largest = like(input([w as RefTensor], 0), (old, i) => Math.max(old, squares.data[i] as number))
  const [lr, c1, c2] = [word(scalars, 0), word(scalars, 1), word(scalars, 2)]
  const kept = flag(attrs, 'decoupled') ? 1 - lr * number(attrs, 'weightDecay') : 1
  const next = like(input(operands, 0), (old, i) => {
    const root = Math.sqrt((largest.data[i] as number) / c2) + number(attrs, 'eps')
    return kept * old - (lr * ((mean.data[i] as number) / c1)) / root
  })
  return [next, mean, squares, largest]
}

/** (p, g, m, lr) -> the new [p, m]. */
const lion: Reference = (inputs, attrs) => {
  const [p, g, m] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)]
  const lr = word(inputs, 3)
  const mixed = (beta: number): RefTensor => like(m, (old, i) => beta * old + (1 - beta) * (g.data[i] as number))
  const along = mixed(number(attrs, 'beta1'))
  const kept = 1 - lr * number(attrs, 'weightDecay')
  return [like(p, (old, i) => kept * old - lr * Math.sign(along.data[i] as number)), mixed(number(attrs, 'beta2'))]
}

/** (target, value) -> value. */
const assign: Reference = (inputs) => [input(inputs, 1)]

type ScalarFunction = (a: number, b: number, c: number) => number

const scalarFunctions: Readonly<Record<string, ScalarFunction>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  pow: (a, b) => a ** b,
  exp: Math.exp,
  log: Math.log,
  cos: Math.cos,
  sqrt: Math.sqrt,
  floor: Math.floor,
  neg: (a) => -a,
  toFloat: (a) => a,
  fromFloat: (a) => a,
  less: (a, b) => (a < b ? 1 : 0),
  select: (a, b, c) => (a !== 0 ? b : c),
}

/** A control scalar: fn(a, b?, c?) in f64. */
const scalar: Reference = (inputs, attrs: Attrs) => {
  const f = scalarFunctions[attrs['fn'] as string]
  if (f === undefined) throw new TypeError(`unknown scalar function ${attrs['fn']}`)
  const [a, b, c] = [0, 1, 2].map((i) => inputs[i]?.data[0] ?? 0) as [number, number, number]
  return [{ shape: [], data: Float64Array.of(f(a, b, c)) }]
}

export const update: Rows<'sgd' | 'adam' | 'amsgrad' | 'lion' | 'assign' | 'scalar'> = {
  sgd,
  adam,
  amsgrad,
  lion,
  assign,
  scalar,
}
