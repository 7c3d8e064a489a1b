import { ArgumentError } from '../errors.ts'
import { applyAll } from '../ops/apply.ts'
import { tensor } from '../ops/create.ts'
import { type OpName, ops } from '../ops/index.ts'
import { Tensor } from '../ops/tensor.ts'
import type { Elements, Engine } from '../program/engine.ts'
import { Generator } from '../program/generator.ts'
import { type Attrs, type RefTensor, references } from '../reference/index.ts'
import { scoped } from '../tensor/scope.ts'
import type { Fill, OpCase, Operand } from './cases/index.ts'
import { generator as numbersFrom } from './random.ts'

const MAX = 3.4028234663852886e38
const TINY = 1.1754943508222875e-38
const SPECIAL = [
  Number.NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1,
  -1,
  MAX,
  -MAX,
  TINY,
  -TINY,
  1.401298464324817e-45,
  -3e-41,
  0.5,
]

function draw(fill: Exclude<Fill, readonly number[]>, u: number, i: number): number {
  switch (fill) {
    case 'any':
      return 6 * u - 3
    case 'positive':
      return 0.1 + 2.9 * u
    case 'unit':
      return 0.05 + 0.9 * u
    case 'nearOne':
      return 0.9 + 0.2 * u
    case 'signedUnit':
      return 1.9 * u - 0.95
    case 'wide':
      return (i % 2 === 0 ? 1 : -1) * 1e-6 * 1.2e8 ** u
    case 'tiny':
      return (i % 2 === 0 ? 1 : -1) * 1e-20 * 5e19 ** u
    case 'special':
      return SPECIAL[i % SPECIAL.length] as number
    default:
      return Math.floor(u * fill.below)
  }
}

/** The numbers of an operand as the engine holds them. */
export function numbersOf({ shape, fill, dtype }: Operand, seed: number): Elements {
  const random = numbersFrom(seed)
  const n = shape.reduce((p, size) => p * size, 1)
  const list = Array.isArray(fill)
    ? (fill as readonly number[])
    : Array.from({ length: n }, (_, i) => draw(fill as Exclude<Fill, readonly number[]>, random(), i))
  if (dtype === 'int32') return Int32Array.from(list)
  return dtype === 'float64' ? Float64Array.from(list) : Float32Array.from(list)
}

/** Elements of the largest operand. */
export const sizeOf = ({ inputs }: Pick<OpCase, 'inputs'>): number =>
  Math.max(0, ...inputs.map(({ shape }) => shape.reduce((p, n) => p * n, 1)))

const isRandom = (name: OpName, { attrs }: OpCase): boolean =>
  attrs?.['dropout'] !== undefined || ['uniform', 'normal', 'bernoulli', 'permutation', 'dropout'].includes(name)

export interface Prepared {
  readonly tensors: readonly Tensor[]
  /** What the operation is applied to: for a random one, with the next draw of a generator of its own. */
  operands(): { readonly inputs: readonly Tensor[]; readonly attrs: Attrs }
}

/** The operands of a case in an engine. */
export function prepare(engine: Engine, name: OpName, c: OpCase): Prepared {
  const tensors = c.inputs.map((operand, i) =>
    tensor(numbersOf(operand, i + 1), operand.shape, { dtype: operand.dtype ?? 'float32', engine }),
  )
  const attrs = c.attrs ?? {}
  if (!isRandom(name, c)) return { tensors, operands: () => ({ inputs: tensors, attrs }) }
  const generator = new Generator(engine, 77, 5)
  return {
    tensors,
    operands: () => ({
      inputs: [...tensors, new Tensor(engine, generator.state)],
      attrs: { ...attrs, generator, draw: generator.draw() },
    }),
  }
}

/** What the engine computes for every case of an operation, as one program. */
export function compute(engine: Engine, name: OpName, list: readonly OpCase[]): Elements[][] {
  return scoped(engine, () => {
    const results = list.map((c) => {
      const { inputs, attrs } = prepare(engine, name, c).operands()
      return applyAll(ops[name], inputs, attrs, engine)
    })
    return results.map((outputs) => outputs.map((y) => y.dataSync()))
  })
}

export interface Expected {
  readonly inputs: readonly RefTensor[]
  readonly attrs: Attrs
  readonly outputs: readonly RefTensor[]
}

/** What the reference gives for the same numbers. */
export function expected(engine: Engine, name: OpName, c: OpCase): Expected {
  return scoped(engine, () => {
    const { inputs: tensors, attrs } = prepare(engine, name, c).operands()
    const inputs = tensors.map((t) => ({ shape: t.shape, data: Float64Array.from(engine.elements(t.state)) }))
    return { inputs, attrs, outputs: references[name](inputs, attrs) }
  })
}

export interface Distance {
  /** The largest error of an element in parts of its bound; more than 1 is wrong. */
  readonly ratio: number
  /** Where the first element is that is further off than that, in words. */
  readonly fault: string | undefined
}

/** How far results lie from the reference; whole numbers have to be equal. */
export function distance(got: Elements, want: RefTensor, bound: Float64Array): Distance {
  if (got.length !== want.data.length)
    return { ratio: Infinity, fault: `${got.length} elements instead of ${want.data.length}` }
  let ratio = 0
  for (let i = 0; i < got.length; i++) {
    const [g, w, b] = [got[i] as number, want.data[i] as number, got instanceof Int32Array ? 0 : (bound[i] as number)]
    if (Number.isNaN(w) ? Number.isNaN(g) : g === w) continue
    const overflows = Math.abs(w) + b > MAX && Math.abs(w) !== Infinity
    if (overflows && Math.abs(g) === Infinity && Math.sign(g) === Math.sign(w)) continue
    const off = Math.abs(g - w)
    const part = off < Infinity && b > 0 ? off / b : Infinity
    if (off <= b) ratio = Math.max(ratio, part)
    else
      return { ratio: part, fault: `element ${i}: got ${g}, want ${w} +- ${b}, off by ${part.toPrecision(3)} bounds` }
  }
  return { ratio, fault: undefined }
}

/** The operation of that name, or an ArgumentError. */
export function opNamed(name: string, where: string): OpName {
  if (Object.hasOwn(ops, name)) return name as OpName
  throw new ArgumentError('no such operation', { where, expected: 'a row of the op table', received: name })
}
