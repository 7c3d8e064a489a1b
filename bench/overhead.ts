import { OP_END } from '../src/abi/encode.ts'
import { capture, type Engine, neg, type Tensor, tensor, withEngine } from '../src/index.ts'

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
