import { ArgumentError } from '../errors.ts'
import type { State } from '../nn/state.ts'
import { loadState, readState } from '../nn/state.ts'
import { zeros } from '../ops/create.ts'
import { toFloat } from '../ops/functions.ts'
import { scalar, scalars } from '../ops/scalar.ts'
import { Tensor } from '../ops/tensor.ts'
import { type Variable, variable } from '../ops/variable.ts'
import type { Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import { scoped } from '../tensor/scope.ts'
import type { KeptRows } from './kept.ts'
import { kit } from './kit.ts'

/** Sums over all batches, by name; of a scalar one number. */
export type Sums = Readonly<Record<string, Float64Array>>

/**
 * What is measured over a data set: sums of each batch, computed by the step itself, and the value that follows from the
 * sums over all batches. A metric of your own is an object of these two functions, or `mean()` of a tensor.
 */
export interface Metric<R = number> {
  /** Tensors to be added up over the batches: scalars in float64, others in float32. */
  sums(output: Tensor, target: Tensor): Readonly<Record<string, Tensor>>
  /**
   * Tensors to be kept whole instead: the numbers of all batches one behind the other, in memory that grows with the rows.
   */
  rows?(output: Tensor, target: Tensor): Readonly<Record<string, Tensor>>
  /** Of the sums over all batches, and of what was kept where there was a batch. */
  value(sums: Sums): R | Promise<R>
}

/** Most steps of one run of a program where rows are kept. */
const KEPT_STEPS = 64

export type Metrics = Readonly<Record<string, Metric<unknown>>>

/** The values of metrics by their names. */
export type Values<M extends Metrics> = { readonly [name in keyof M]: M[name] extends Metric<infer R> ? R : never }

/** A sum that grows from step to step. */
interface Total {
  readonly metric: string
  readonly name: string
  readonly total: Variable
}

/** The sums of metrics, in variables that steps add to. */
export class Tally<M extends Metrics> implements Disposable {
  readonly #engine: Engine
  readonly #metrics: M
  #totals: readonly Total[] | undefined
  /** What to go on from once the shapes are known. */
  #pending: State | undefined
  #kept: KeptRows | undefined

  constructor(engine: Engine, metrics: M) {
    this.#engine = engine
    this.#metrics = metrics
    for (const [name, metric] of Object.entries(metrics))
      if (typeof metric?.sums !== 'function' || typeof metric.value !== 'function')
        throw new ArgumentError(`the metric '${name}' is none`, {
          where: 'metrics',
          expected: 'train.accuracy() or the like, or an object with sums and value',
          received: typeof metric,
        })
  }

  get empty(): boolean {
    return Object.keys(this.#metrics).length === 0
  }

  get #keeps(): boolean {
    return Object.values(this.#metrics).some(({ rows }) => rows !== undefined)
  }

  /** Most steps of one run of a program. */
  get most(): number {
    return this.#keeps ? KEPT_STEPS : Infinity
  }

  /** Takes what steps left, after each run of a program. */
  async fetch(): Promise<void> {
    await this.#kept?.fetch()
  }

  /** Makes the variables, of the shapes that the metrics have for such an output. Not while capturing. */
  async prepare(trace: () => readonly [output: Tensor, target: Tensor]): Promise<void> {
    if (this.empty || (this.#totals !== undefined && !this.#keeps)) return
    const engine = this.#engine
    if (this.#keeps) this.#kept ??= new (await import('./kept.ts')).KeptRows(kit, engine, this.#metrics, KEPT_STEPS)
    withEngine(engine, () =>
      scoped(engine, () => {
        const [output, target] = trace()
        this.#kept?.prepare(output, target)
        this.#totals ??= [...this.#each(output, target)].map(({ metric, name, sum }): Total => {
          const initial = sum.rank === 0 ? scalar(0) : zeros(sum.shape)
          return { metric, name, total: variable(initial, { name: `${metric}.${name}` }) }
        })
      }),
    )
    await engine.flushAsync()
    if (this.#pending !== undefined) this.load(this.#pending)
  }

  *#each(output: Tensor, target: Tensor): Generator<{ metric: string; name: string; sum: Tensor }> {
    for (const [metric, { sums }] of Object.entries(this.#metrics))
      for (const [name, sum] of Object.entries(sums(output, target))) {
        if (!(sum instanceof Tensor))
          throw new ArgumentError(`the sum '${name}' is no tensor`, { where: `metric ${metric}`, received: typeof sum })
        if (name.includes('.'))
          throw new ArgumentError('a dot in the name of a sum', { where: `metric ${metric}`, received: name })
        yield { metric, name, sum }
      }
  }

  /** Adds a batch; part of the step that is being captured. */
  add(output: Tensor, target: Tensor): void {
    this.#kept?.add(output, target)
    const totals = this.#totals ?? []
    let i = 0
    for (const { sum } of this.#each(output, target)) {
      const { total } = totals[i++] as Total
      if (total.rank > 0) total.assign(total.add(sum.dtype === 'int32' ? toFloat(sum) : sum))
      else {
        const value = sum.dtype === 'float64' ? sum : scalars.fromFloat(sum.dtype === 'int32' ? toFloat(sum) : sum)
        total.assign(scalars.add(total, value))
      }
    }
  }

  async reset(): Promise<void> {
    this.#pending = undefined
    await this.#engine.flushAsync()
    this.#kept?.clear()
    for (const { total } of this.#totals ?? [])
      total.set(total.rank === 0 ? new Float64Array(1) : new Float32Array(total.size))
  }

  async values(): Promise<Values<M>> {
    const sums = new Map<string, Record<string, Float64Array>>()
    for (const name of Object.keys(this.#metrics)) sums.set(name, Object.create(null))
    for (const [path, { data }] of await this.save()) {
      const dot = path.lastIndexOf('.')
      const of = sums.get(path.slice(0, dot))
      if (of !== undefined) of[path.slice(dot + 1)] = Float64Array.from(data)
    }
    const values: Record<string, unknown> = {}
    for (const [name, metric] of Object.entries(this.#metrics))
      values[name] = await withEngine(this.#engine, () => metric.value(sums.get(name) as Sums))
    return values as Values<M>
  }

  /** The sums so far, as they are saved. */
  async save(): Promise<State> {
    if (this.#totals === undefined) return this.#pending ?? new Map()
    return new Map([...(await readState(this.#slots())), ...(this.#kept?.save() ?? [])])
  }

  load(state: State): void {
    if (this.#totals === undefined) this.#pending = state
    else {
      this.#pending = undefined
      const sums = this.#kept?.load(state) ?? state
      if (sums.size > 0) loadState(this.#slots(), sums, true)
    }
  }

  #slots(): { name: string; variable: Variable }[] {
    return (this.#totals ?? []).map(({ total }) => ({ name: total.name, variable: total }))
  }

  /** Frees the variables; `save` then gives their last content. */
  async close(): Promise<void> {
    if (this.#totals === undefined) return
    if (!this.#engine.isClosed) this.#pending = await this.save()
    this[Symbol.dispose]()
    this.#totals = undefined
    this.#kept = undefined
  }

  [Symbol.dispose](): void {
    this.#kept?.[Symbol.dispose]()
    for (const { total } of this.#totals ?? []) total.dispose()
  }
}
