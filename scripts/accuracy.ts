// Largest error of each vector function against f64, over a sample of all f32 bit patterns (--all: every one, which
// takes minutes a function). Arguments name functions; without any, all run. Exits 1 where a bound of docs/numerics.md
// is not met.
import * as codes from '../src/abi/constants.ts'
import { bounds } from '../test/helpers/bounds.ts'
import { type Build, builds, Machine } from '../test/helpers/machine.ts'
import { truths, ulps } from '../test/helpers/truth.ts'

const all = process.argv.includes('--all')
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const STRIDE = all ? 1 : 1021
const CHUNK = 1 << 16

const constant = (name: string): string => `UNARY_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`
const machines = builds.map((build) => {
  const machine = new Machine(build)
  return { build, machine, x: machine.alloc(4 * CHUNK), y: machine.alloc(4 * CHUNK) }
})

for (const [name, bound] of Object.entries(bounds)) {
  if (named.length > 0 && !named.includes(name)) continue
  const truth = truths[name] as (x: number) => number
  const fn = (codes as unknown as Record<string, number>)[constant(name)] as number
  const worst = new Map<Build, { error: number; at: number }>(builds.map((build) => [build, { error: 0, at: 0 }]))
  const inputs = new Uint32Array(CHUNK)
  const values = new Float32Array(inputs.buffer)
  const wants = new Float64Array(CHUNK)
  for (let first = 0; first < 2 ** 32; first += CHUNK * STRIDE) {
    for (let i = 0; i < CHUNK; i++) inputs[i] = Math.min(first + i * STRIDE, 2 ** 32 - 1)
    for (let i = 0; i < CHUNK; i++) wants[i] = truth(values[i] as number)
    for (const { build, machine, x, y } of machines) {
      machine.f32(x, CHUNK).set(values)
      machine.run('unary', { fn, x, y, n: CHUNK, p0: 1, p1: 0 })
      const got = machine.f32(y, CHUNK)
      const record = worst.get(build) as { error: number; at: number }
      for (let i = 0; i < CHUNK; i++) {
        const error = ulps(got[i] as number, wants[i] as number)
        if (!(error <= record.error)) {
          record.error = error
          record.at = values[i] as number
        }
      }
    }
  }
  const figures = [...worst].map(([build, { error, at }]) => `${build} ${error.toFixed(3)} at ${at}`).join(', ')
  const met = [...worst.values()].every(({ error }) => error <= bound)
  if (!met) process.exitCode = 1
  console.log(`${name}: ${figures} (bound ${bound})${met ? '' : '  NOT MET'}`)
}
