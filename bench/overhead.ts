import { OP_BARRIER, OP_END } from '../src/abi/encode.ts'
import { capture, type Engine, neg, scope, type Tensor, tensor, withEngine } from '../src/index.ts'
import { median } from './lib/stats.ts'
import { build, type Workload } from './lib/workloads.ts'

/** Nanoseconds of one run of an empty program, called from JavaScript, on threads that are awake. */
export function emptyProgram(engine: Engine, threads: number): number {
  const { runtime } = engine
  const program = runtime.alloc(64)
  runtime.memory.u32[program >> 2] = OP_END | (1 << 16)
  const runs = 20_000
  for (let i = 0; i < runs; i++) runtime.run(program, 1, threads)
  const begin = performance.now()
  for (let i = 0; i < runs; i++) runtime.run(program, 1, threads)
  const nanoseconds = ((performance.now() - begin) * 1e6) / runs
  runtime.free(program, 64)
  return nanoseconds
}

/** Nanoseconds of a barrier between instructions, on threads that are awake. */
export function barrier(engine: Engine, threads: number): number {
  const { runtime } = engine
  const count = 1000
  const bytes = 4 * (count + 1)
  const program = runtime.alloc(bytes)
  const { u32 } = runtime.memory
  u32.fill(OP_BARRIER | (1 << 16), program >> 2, (program >> 2) + count)
  u32[(program >> 2) + count] = OP_END | (1 << 16)
  const runs = 200
  for (let i = 0; i < runs; i++) runtime.run(program, 1, threads)
  const begin = performance.now()
  for (let i = 0; i < runs; i++) runtime.run(program, 1, threads)
  const nanoseconds = ((performance.now() - begin) * 1e6) / (runs * count)
  runtime.free(program, bytes)
  return nanoseconds
}

/** Nanoseconds that an element-wise instruction on four numbers takes in a program of 1,000 of them, on one thread. */
export function instruction(engine: Engine): () => Promise<number> {
  const count = 1000
  const step = withEngine(engine, () => {
    const x = tensor([1, 2, 3, 4])
    return capture(() => {
      let y: Tensor = x
      for (let i = 0; i < count; i++) y = neg(y)
      return { y }
    })
  })
  return async () => {
    const steps = 400
    await step.runMany(steps)
    const begin = performance.now()
    await step.runMany(steps)
    return ((performance.now() - begin) * 1e6) / (steps * count)
  }
}

/** Microseconds of an eager operation on small tensors, traced, planned, run and read. */
export function eager(engine: Engine): number {
  return withEngine(engine, () => {
    const x = tensor([1, 2, 3, 4])
    const once = (): void => {
      const y = neg(x)
      y.dataSync()
      y.dispose()
    }
    for (let i = 0; i < 5000; i++) once()
    const begin = performance.now()
    for (let i = 0; i < 5000; i++) once()
    return ((performance.now() - begin) * 1e3) / 5000
  })
}

/** Microseconds of each of 100 eager operations on small tensors that are run together when the last is read. */
export function eagerTogether(engine: Engine): number {
  const count = 100
  return withEngine(engine, () => {
    const x = tensor([1, 2, 3, 4])
    const once = (): void =>
      scope(() => {
        let y: Tensor = x
        for (let i = 0; i < count; i++) y = neg(y)
        y.dataSync()
      })
    for (let i = 0; i < 200; i++) once()
    const begin = performance.now()
    for (let i = 0; i < 200; i++) once()
    return ((performance.now() - begin) * 1e3) / (200 * count)
  })
}

/** Milliseconds in which the training step of a workload is captured: traced, differentiated, planned. */
export function captured(engine: Engine, workload: Workload): number {
  return withEngine(engine, () => {
    const times: number[] = []
    for (let i = 0; i < 7; i++) {
      const begin = performance.now()
      const built = build(workload)
      times.push(performance.now() - begin)
      built.dispose()
    }
    return median(times)
  })
}
