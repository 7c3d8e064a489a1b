import { ArgumentError } from '../errors.ts'
import type { State } from '../nn/state.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import type { Engine } from '../program/engine.ts'
import type { Kit } from './kit.ts'
import type { Metrics } from './metric.ts'

/** Room for what the steps of one run of a program leave of one tensor. */
interface Room {
  readonly path: string
  readonly values: Variable
  /** Numbers written since the last fetch, int32. */
  readonly used: Variable
}

/**
 * What metrics keep of every row. Steps write it into the engine's memory, one batch behind the other; between two runs
 * of a program it is fetched from there, so that room for the batches of one run is enough.
 */
export class KeptRows implements Disposable {
  readonly #kit: Kit
  readonly #engine: Engine
  readonly #metrics: Metrics
  /** Most batches between two fetches. */
  readonly #steps: number
  /** The last ones are the largest; earlier ones belong to programs of smaller batches. */
  readonly #rooms: (readonly Room[])[] = []
  readonly #kept = new Map<string, Float32Array[]>()

  constructor(kit: Kit, engine: Engine, metrics: Metrics, steps: number) {
    this.#kit = kit
    this.#engine = engine
    this.#metrics = metrics
    this.#steps = steps
  }

  *#each(output: Tensor, target: Tensor): Generator<readonly [path: string, values: Tensor]> {
    for (const [metric, { rows }] of Object.entries(this.#metrics))
      for (const [name, values] of Object.entries(rows?.(output, target) ?? {})) {
        if (!(values instanceof this.#kit.Tensor) || name.includes('.'))
          throw new ArgumentError(`'${name}' cannot be kept`, {
            where: `metric ${metric}`,
            expected: 'a tensor, by a name without a dot',
            received: typeof values,
          })
        yield [`${metric}.${name}`, values]
      }
  }

  /** Room for steps of such batches. Not while capturing. */
  prepare(output: Tensor, target: Tensor): void {
    const { variable, zeros } = this.#kit
    const sizes = [...this.#each(output, target)].map(([path, { size }]) => [path, size * this.#steps] as const)
    const last = this.#rooms.at(-1)
    if (last !== undefined && sizes.every(([, size], i) => size <= (last[i] as Room).values.size)) return
    this.#rooms.push(
      sizes.map(([path, size]) => ({
        path,
        values: variable(zeros([Math.max(size, last?.find((room) => room.path === path)?.values.size ?? 0)])),
        used: variable(zeros([1], { dtype: 'int32' })),
      })),
    )
  }

  /** Writes a batch behind those before it; part of the step that is being captured. */
  add(output: Tensor, target: Tensor): void {
    const rooms = this.#rooms.at(-1) as readonly Room[]
    for (const [i, [, x]] of [...this.#each(output, target)].entries()) {
      const { values, used } = rooms[i] as Room
      const numbers = Int32Array.from({ length: values.size }, (_, at) => at)
      const from = this.#kit.tensor(numbers, undefined, { engine: this.#engine }).sub(used)
      const inside = from.maximum(0).minimum(x.size - 1)
      const row = (x.dtype === 'int32' ? x.toFloat() : x).reshape([x.size])
      values.assign(values.maskedFill(from.equal(inside), row.gather(inside)))
      used.assign(used.add(x.size))
    }
  }

  /** Takes what the steps since the last time left. */
  async fetch(): Promise<void> {
    for (const { path, values, used } of this.#rooms.flat()) {
      const [count = 0] = await used.data()
      if (count === 0) continue
      const list = this.#kept.get(path) ?? []
      list.push(((await values.data()) as Float32Array).slice(0, count))
      this.#kept.set(path, list)
      used.set([0])
    }
  }

  save(): State {
    return new Map(
      [...this.#kept].map(([path, parts]) => {
        const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
        let at = 0
        for (const part of parts.splice(0, parts.length, data)) {
          data.set(part, at)
          at += part.length
        }
        return [path, { shape: [data.length], data }]
      }),
    )
  }

  /** Takes from a saved state what it knows; returns the rest. */
  load(state: State): State {
    this.#kept.clear()
    const rest: State = new Map()
    for (const [path, entry] of state) {
      if (this.#rooms[0]?.some((room) => room.path === path)) this.#kept.set(path, [entry.data as Float32Array])
      else rest.set(path, entry)
    }
    return rest
  }

  clear(): void {
    this.#kept.clear()
    for (const { used } of this.#rooms.flat()) used.set([0])
  }

  [Symbol.dispose](): void {
    for (const { values, used } of this.#rooms.flat()) {
      values.dispose()
      used.dispose()
    }
  }
}
