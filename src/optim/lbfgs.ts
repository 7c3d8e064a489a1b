import { valueAndGrad } from '../autodiff/gradients.ts'
import type { ParameterTree } from '../autodiff/tree.ts'
import { ArgumentError, CaptureError } from '../errors.ts'
import { zeros } from '../ops/create.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { nonNegative, positive } from './options.ts'
import { Stateful } from './stateful.ts'
import { wolfe } from './wolfe.ts'

export interface LbfgsOptions {
  /** First trial step of a line search. Default 1. */
  readonly lr?: number
  /** Iterations of one call of `minimize`. Default 20. */
  readonly iterations?: number
  /** Pairs of steps and gradient changes that are remembered. Default 10. */
  readonly history?: number
  /** Evaluations of one line search. Default 25. */
  readonly evaluations?: number
  /** Done when no derivative is larger. Default 1e-7. */
  readonly tolerance?: number
}

export interface LbfgsResult {
  readonly loss: number
  readonly iterations: number
  readonly evaluations: number
  /** No derivative is above the tolerance, or no step lowers the loss any more. */
  readonly done: boolean
}

interface Pair {
  readonly s: Float64Array
  readonly y: Float64Array
}

/**
 * Limited-memory BFGS with a line search for the strong Wolfe conditions (Liu and Nocedal 1989), for small problems
 * whose loss is the same function each time: no mini-batches, no dropout.
 *
 * The exception among the optimizers: how often the loss is evaluated depends on its values, so that JavaScript decides
 * after each evaluation, and the vectors of the history are float64 in JavaScript. It cannot be part of a captured step.
 */
export class Lbfgs extends Stateful {
  readonly #options: Required<LbfgsOptions>
  readonly #size: number
  readonly #steps: Variable
  readonly #changes: Variable
  readonly #count: Variable

  constructor(parameters: ParameterTree, options: LbfgsOptions = {}) {
    const {
      lr = 1,
      iterations = 20,
      history = 10,
      evaluations = 25,
      tolerance = 1e-7,
    } = known('optim.lbfgs', options, 'lr iterations history evaluations tolerance')
    positive('optim.lbfgs', { lr })
    nonNegative('optim.lbfgs', { tolerance })
    for (const [name, value] of Object.entries({ iterations, history, evaluations }))
      positive('optim.lbfgs', { [name]: Number.isInteger(value) ? value : Number.NaN })
    super(parameters)
    this.#options = { lr, iterations, history, evaluations, tolerance }
    this.#size = [...this.parameters.values()].reduce((n, { size }) => n + size, 0)
    this.#steps = this.keep('steps', () => zeros([history, this.#size]))
    this.#changes = this.keep('changes', () => zeros([history, this.#size]))
    this.#count = this.counter('pairs', 0)
  }

  /**
   * Some iterations towards the minimum of the loss. Throws CaptureError inside of a captured function, ArgumentError
   * when the loss is not finite where it starts; the parameters are then as before.
   */
  minimize(loss: () => Tensor): LbfgsResult {
    if (this.engine.isCapturing)
      throw new CaptureError('the line search of L-BFGS decides by values', {
        where: 'optim.lbfgs',
        hint: 'Call minimize() outside of capture(), or train with another optimizer.',
      })
    const { lr, iterations, evaluations: most, tolerance } = this.#options
    const pairs = this.#load()
    let x = this.#read()
    let evaluations = 1
    let { value, slope } = this.#evaluate(loss)
    if (!Number.isFinite(value))
      throw new ArgumentError('the loss is not finite', { where: 'optim.lbfgs', received: String(value) })
    let iteration = 0
    let done = largest(slope) <= tolerance
    for (; !done && iteration < iterations; iteration++) {
      const along = direction(slope, pairs)
      const descent = dot(along, slope)
      if (!(descent < 0)) {
        // The history does not fit the function here: begin anew with the gradient.
        if (pairs.length === 0) break
        pairs.length = 0
        iteration--
        continue
      }
      const seen = new Map<number, { x: Float64Array; slope: Float64Array }>()
      const first = pairs.length === 0 ? Math.min(1, 1 / sumOfSizes(slope)) * lr : lr
      const chosen = wolfe({ t: 0, loss: value, slope: descent }, first, most, (t) => {
        evaluations++
        const there = x.map((v, i) => Math.fround(v + t * (along[i] as number)))
        this.#write(there)
        const now = this.#evaluate(loss)
        seen.set(t, { x: there, slope: now.slope })
        return { t, loss: now.value, slope: dot(now.slope, along) }
      })
      const there = seen.get(chosen.t)
      if (there === undefined) {
        this.#write(x)
        if (pairs.length === 0) done = true
        pairs.length = 0
        continue
      }
      this.#write(there.x)
      const [from, before] = [x, slope]
      remember(pairs, this.#options.history, {
        s: there.x.map((v, i) => Math.fround(v - (from[i] as number))),
        y: there.slope.map((v, i) => Math.fround(v - (before[i] as number))),
      })
      x = there.x
      slope = there.slope
      value = chosen.loss
      done = largest(slope) <= tolerance
    }
    this.#save(pairs)
    return { loss: value, iterations: iteration, evaluations, done }
  }

  #evaluate(loss: () => Tensor): { value: number; slope: Float64Array } {
    return this.within(() => {
      const { value, grads } = valueAndGrad(loss, Object.fromEntries(this.parameters))
      const slope = new Float64Array(this.#size)
      let at = 0
      for (const name of this.parameters.keys()) {
        const part = (grads[name] as Tensor).dataSync()
        slope.set(part, at)
        at += part.length
      }
      return { value: value.item(), slope }
    })
  }

  #read(): Float64Array {
    const x = new Float64Array(this.#size)
    let at = 0
    for (const parameter of this.parameters.values()) {
      x.set(parameter.dataSync(), at)
      at += parameter.size
    }
    return x
  }

  #write(x: Float64Array): void {
    let at = 0
    for (const parameter of this.parameters.values()) {
      parameter.set(x.subarray(at, at + parameter.size))
      at += parameter.size
    }
  }

  #load(): Pair[] {
    const [steps, changes] = [this.#steps.dataSync(), this.#changes.dataSync()]
    const rowOf = (from: ArrayLike<number>, i: number): Float64Array =>
      Float64Array.from({ length: this.#size }, (_, j) => from[i * this.#size + j] as number)
    return Array.from({ length: this.#count.item() }, (_, i) => ({ s: rowOf(steps, i), y: rowOf(changes, i) }))
  }

  #save(pairs: readonly Pair[]): void {
    const rows = this.#options.history * this.#size
    const [steps, changes] = [new Float32Array(rows), new Float32Array(rows)]
    for (const [i, { s, y }] of pairs.entries()) {
      steps.set(s, i * this.#size)
      changes.set(y, i * this.#size)
    }
    this.#steps.set(steps)
    this.#changes.set(changes)
    this.#count.set([pairs.length])
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
const largest = (x: Float64Array): number => x.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
const sumOfSizes = (x: Float64Array): number => x.reduce((sum, v) => sum + Math.abs(v), 0)

/** Adds a pair of positive curvature, and forgets the oldest one that is too many. */
function remember(pairs: Pair[], most: number, pair: Pair): void {
  if (!(dot(pair.s, pair.y) > 1e-10 * dot(pair.y, pair.y))) return
  pairs.push(pair)
  if (pairs.length > most) pairs.shift()
}

/** -H g by the two-loop recursion, H the inverse Hessian that the pairs tell of. */
function direction(slope: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = slope.map((v) => -v)
  const weights: number[] = []
  for (const { s, y } of [...pairs].reverse()) {
    const a = dot(s, q) / dot(s, y)
    weights.push(a)
    for (let i = 0; i < q.length; i++) q[i] = (q[i] as number) - a * (y[i] as number)
  }
  const last = pairs.at(-1)
  if (last !== undefined) {
    const scale = dot(last.s, last.y) / dot(last.y, last.y)
    for (let i = 0; i < q.length; i++) q[i] = (q[i] as number) * scale
  }
  for (const { s, y } of pairs) {
    const b = (weights.pop() as number) - dot(y, q) / dot(s, y)
    for (let i = 0; i < q.length; i++) q[i] = (q[i] as number) + b * (s[i] as number)
  }
  return q
}

export const lbfgs = (parameters: ParameterTree, options: LbfgsOptions = {}): Lbfgs => new Lbfgs(parameters, options)
