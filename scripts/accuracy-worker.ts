// One thread of scripts/accuracy.ts: takes blocks of bit patterns until none is left, and reports the worst errors.
import { parentPort, workerData } from 'node:worker_threads'
import * as codes from '../src/abi/constants.ts'
import { type Build, builds, Machine } from '../test/helpers/machine.ts'
import { truths, ulps } from '../test/helpers/truth.ts'

/** Distance of the bit patterns, and the counters of the blocks, one a function. */
export interface Job {
  readonly stride: number
  readonly names: readonly string[]
  readonly next: SharedArrayBuffer
}
export interface Found {
  readonly name: string
  readonly build: Build
  readonly error: number
  readonly at: number
}

const CHUNK = 1 << 16
/** Chunks that a thread takes at a time. */
const BLOCK = 64
const { stride, names, next } = workerData as Job
const counters = new Int32Array(next)
const blocks = Math.ceil(2 ** 32 / (CHUNK * stride * BLOCK))
const machines = builds.map((build) => {
  const machine = new Machine(build)
  return { build, machine, x: machine.alloc(4 * CHUNK), y: machine.alloc(4 * CHUNK), error: 0, at: 0 }
})
const inputs = new Uint32Array(CHUNK)
const values = new Float32Array(inputs.buffer)
const wants = new Float64Array(CHUNK)
/** A unit in the last place of a number is more than this part of it. */
const UNIT = 2 ** -24

/** Compares the values in `inputs`; a loop of its own, so that it is compiled for one function. */
function compare(fn: number, truth: (x: number) => number): void {
  for (let i = 0; i < CHUNK; i++) wants[i] = truth(values[i] as number)
  for (const entry of machines) {
    const { machine, x, y } = entry
    machine.f32(x, CHUNK).set(values)
    machine.run('unary', { fn, x, y, n: CHUNK, p0: 1, p1: 0 })
    const got = machine.f32(y, CHUNK)
    let worst = entry.error * UNIT
    for (let i = 0; i < CHUNK; i++) {
      const want = wants[i] as number
      const value = got[i] as number
      // no larger than the worst so far, whatever the unit is; or equal infinities, or both NaN
      if (Math.abs(value - want) <= worst * Math.abs(want) || value === want) continue
      if (Number.isNaN(value) && Number.isNaN(want)) continue
      const error = ulps(value, want)
      if (error <= entry.error) continue
      entry.error = error
      entry.at = values[i] as number
      worst = error * UNIT
    }
  }
}

for (const [k, name] of names.entries()) {
  const constant = `UNARY_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`
  const fn = (codes as unknown as Record<string, number>)[constant] as number
  for (const entry of machines) entry.error = entry.at = 0
  for (let block = Atomics.add(counters, k, 1); block < blocks; block = Atomics.add(counters, k, 1))
    for (let chunk = block * BLOCK; chunk < (block + 1) * BLOCK; chunk++) {
      const first = chunk * CHUNK * stride
      if (first >= 2 ** 32) break
      for (let i = 0; i < CHUNK; i++) inputs[i] = Math.min(first + i * stride, 2 ** 32 - 1)
      compare(fn, truths[name] as (x: number) => number)
    }
  for (const { build, error, at } of machines) parentPort?.postMessage({ name, build, error, at } satisfies Found)
}
