import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ADAM_DECOUPLED, SGD_MOMENTUM, SGD_NESTEROV } from '../../src/abi/constants.ts'
import type { OperandValues } from '../../src/abi/encode.ts'
import { builds } from '../helpers/machine.ts'
import { numbers, Operands, runCase, sizesToTry } from '../helpers/operands.ts'

const f32 = Math.fround

interface Sgd {
  lr: number
  momentum: number
  dampening: number
  weightDecay: number
  nesterov: boolean
}
/** One step in f64; returns what p and v become. */
function sgdStep(p: Float32Array, g: Float32Array, v: Float32Array, step: number, o: Sgd): [number[], number[]] {
  const [lr, mu, damp, decay] = [f32(o.lr), f32(o.momentum), f32(o.dampening), f32(o.weightDecay)]
  const [ps, vs]: [number[], number[]] = [[], []]
  for (let i = 0; i < p.length; i++) {
    let d = (g[i] as number) + decay * (p[i] as number)
    if (mu !== 0) {
      const velocity = step === 1 ? d : mu * (v[i] as number) + (1 - damp) * d
      vs.push(velocity)
      d = o.nesterov ? d + mu * velocity : velocity
    }
    ps.push((p[i] as number) - lr * d)
  }
  return [ps, vs]
}
const sgdOperands = (o: Sgd): OperandValues => ({
  momentum: o.momentum,
  dampening: o.dampening,
  weightDecay: o.weightDecay,
  flags: (o.momentum !== 0 ? SGD_MOMENTUM : 0) | (o.nesterov ? SGD_NESTEROV : 0),
})

interface Adam {
  lr: number
  betas: readonly [number, number]
  eps: number
  weightDecay: number
  decoupled: boolean
}
function adamStep(
  p: Float32Array,
  g: Float32Array,
  m: Float32Array,
  v: Float32Array,
  t: number,
  o: Adam,
): [number[], number[], number[]] {
  const [b1, b2] = o.betas
  const [ps, ms, vs]: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < p.length; i++) {
    let x = p[i] as number
    let d = g[i] as number
    if (o.decoupled) x -= o.lr * o.weightDecay * x
    else d += o.weightDecay * x
    const m1 = b1 * (m[i] as number) + (1 - b1) * d
    const v1 = b2 * (v[i] as number) + (1 - b2) * d * d
    ms.push(m1)
    vs.push(v1)
    ps.push(x - (o.lr * (m1 / (1 - b1 ** t))) / (Math.sqrt(v1 / (1 - b2 ** t)) + o.eps))
  }
  return [ps, ms, vs]
}
const adamOperands = (o: Adam): OperandValues => ({
  beta1: o.betas[0],
  oneMinusBeta1: 1 - o.betas[0],
  beta2: o.betas[1],
  oneMinusBeta2: 1 - o.betas[1],
  eps: o.eps,
  weightDecay: o.weightDecay,
  flags: o.decoupled ? ADAM_DECOUPLED : 0,
})

function expectClose(got: Float32Array, want: number[], scale: number): void {
  expect(got.length).toBe(want.length)
  for (let i = 0; i < want.length; i++)
    if (!(Math.abs((got[i] as number) - (want[i] as number)) <= 4e-7 * scale + 4e-7 * Math.abs(want[i] as number)))
      throw new Error(`[${i}] is ${got[i]}, should be ${want[i]}`)
}

const sgds: Sgd[] = [0, 0.01].flatMap((weightDecay) => [
  { lr: 0.1, momentum: 0, dampening: 0, weightDecay, nesterov: false },
  { lr: 0.05, momentum: 0.9, dampening: 0, weightDecay, nesterov: false },
  { lr: 0.05, momentum: 0.9, dampening: 0.3, weightDecay, nesterov: false },
  { lr: 0.05, momentum: 0.8, dampening: 0, weightDecay, nesterov: true },
])
const adams: Adam[] = [
  { lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, decoupled: false },
  { lr: 0.01, betas: [0.85, 0.98], eps: 1e-6, weightDecay: 0.1, decoupled: false },
  { lr: 0.01, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.1, decoupled: true },
]

describe.each(builds)('optimizers, %s build', (build) => {
  it.each(sgds)('sgd: %o, all sizes, as the f64 loop', (o) => {
    for (const n of sizesToTry)
      for (const step of [1, 2]) {
        const [p, g, v] = [numbers(n, 1), numbers(n, 2), numbers(n, 3)]
        const momentum = o.momentum !== 0
        const [ps, vs] = sgdStep(p, g, v, step, o)
        const got = runCase(build, {
          kernel: 'sgd',
          place: (m) => {
            const results: Record<string, number> = momentum ? { p: n, v: n } : { p: n }
            return {
              results,
              operands: {
                p: m.put(p, 4),
                g: m.put(g),
                v: momentum ? (step === 1 ? m.blank(n, 8) : m.put(v, 8)) : 0,
                lr: m.put(Float64Array.of(o.lr)),
                step: m.put(Float64Array.of(step)),
                n,
                ...sgdOperands(o),
              },
            }
          },
        })
        expectClose(got['p'] as Float32Array, ps, 1)
        if (momentum) expectClose(got['v'] as Float32Array, vs, 1)
      }
  })

  it.each(adams)('adam: %o, all sizes, as the f64 loop', (o) => {
    for (const n of sizesToTry)
      for (const t of [1, 7]) {
        const [p, g, m, v] = [numbers(n, 1), numbers(n, 2), numbers(n, 3), numbers(n, 4).map(Math.abs)]
        const [ps, ms, vs] = adamStep(p, g, m, v, t, o)
        const got = runCase(build, {
          kernel: 'adam',
          place: (k) => ({
            results: { p: n, m: n, v: n },
            operands: {
              p: k.put(p),
              g: k.put(g, 12),
              m: k.put(m),
              v: k.put(v),
              lr: k.put(Float64Array.of(o.lr)),
              c1: k.put(Float64Array.of(1 - o.betas[0] ** t)),
              c2: k.put(Float64Array.of(1 - o.betas[1] ** t)),
              n,
              ...adamOperands(o),
            },
          }),
        })
        expectClose(got['p'] as Float32Array, ps, 1)
        expectClose(got['m'] as Float32Array, ms, 1)
        expectClose(got['v'] as Float32Array, vs, 1)
      }
  })

  it('an infinite parameter stays infinite, a NaN gradient becomes a NaN, neighbours are not touched', () => {
    const p = Float32Array.of(1, Number.POSITIVE_INFINITY, 2, 3, 4)
    const g = Float32Array.of(1, 1, Number.NaN, 1, 1)
    const got = runCase(build, {
      kernel: 'sgd',
      place: (m) => ({
        results: { p: 5 },
        operands: {
          p: m.put(p),
          g: m.put(g),
          v: 0,
          lr: m.put(Float64Array.of(0.5)),
          step: m.put(Float64Array.of(1)),
          n: 5,
          momentum: 0,
          dampening: 0,
          weightDecay: 0,
          flags: 0,
        },
      }),
    })
    expect([...(got['p'] as Float32Array)]).toEqual([0.5, Number.POSITIVE_INFINITY, Number.NaN, 2.5, 3.5])
  })
})

// ---- the cases computed by PyTorch --------------------------------------------------------------------

interface GoldenTensor {
  name: string
  shape: number[]
  offset: number
  nbytes: number
  t32?: number
}
interface Attributes {
  lr: number
  momentum: number
  dampening: number
  weight_decay: number
  nesterov: boolean
  betas: [number, number]
  eps: number
  amsgrad: boolean
  steps: number
}
interface GoldenCase {
  id: string
  op: string
  attrs: Attributes
  inputs: GoldenTensor[]
  outputs: GoldenTensor[]
}
const folder = new URL('../golden/torch/', import.meta.url)
const { cases } = JSON.parse(readFileSync(new URL('optimizers.json', folder), 'utf8')) as { cases: GoldenCase[] }
const { buffer } = Uint8Array.from(readFileSync(new URL('optimizers.bin', folder)))
const tensorOf = (t: GoldenTensor): Float32Array => new Float32Array(buffer, t.offset, t.nbytes / 4)

type Update = (p: number, g: number, t: number) => void

function sgdUpdate(k: Operands, n: number, a: Attributes): Update {
  const [lr, step, v] = [k.put(Float64Array.of(a.lr)), k.put(new Float64Array(1)), k.blank(n)]
  const settings = sgdOperands({ ...a, weightDecay: a.weight_decay })
  return (p, g, t) => {
    k.machine.f64(step, 1)[0] = t
    k.machine.run('sgd', { p, g, v, lr, step, n, ...settings }, 2)
  }
}

function adamUpdate(k: Operands, n: number, a: Attributes, decoupled: boolean): Update {
  const [m, v, slots] = [k.put(new Float32Array(n)), k.put(new Float32Array(n)), k.put(new Float64Array(3))]
  const settings = adamOperands({ ...a, weightDecay: a.weight_decay, decoupled })
  return (p, g, t) => {
    k.machine.f64(slots, 3).set([a.lr, 1 - a.betas[0] ** t, 1 - a.betas[1] ** t])
    k.machine.run('adam', { p, g, m, v, lr: slots, c1: slots + 8, c2: slots + 16, n, ...settings }, 2)
  }
}

const covered = cases.filter(({ op, attrs }) => op === 'sgd' || (/^adamw?$/.test(op) && !attrs.amsgrad))

describe.each(builds)('optimizer steps of PyTorch, %s build', (build) => {
  it('finds the cases', () => expect(covered.length).toBe(12))

  it.each(covered)('$id', (c) => {
    const byName = (refs: GoldenTensor[], name: string): GoldenTensor =>
      refs.find((ref) => ref.name === name) as GoldenTensor
    for (const j of [0, 1]) {
      const start = tensorOf(byName(c.inputs, `p${j}`))
      const gradients = tensorOf(byName(c.inputs, `g${j}`))
      const ref = byName(c.outputs, `p${j}`)
      const want = tensorOf(ref)
      const n = start.length
      const k = new Operands(build)
      const [p, g] = [k.put(start), k.blank(n)]
      const update = c.op === 'sgd' ? sgdUpdate(k, n, c.attrs) : adamUpdate(k, n, c.attrs, c.op === 'adamw')
      const atol = Math.max(4 * (ref.t32 ?? 0), 2e-6 * Math.max(...want.map(Math.abs)), 1e-7)
      for (let t = 1; t <= c.attrs.steps; t++) {
        k.machine.f32(g, n).set(gradients.subarray((t - 1) * n, t * n))
        update(p, g, t)
        k.f32(p, n).forEach((value, i) => {
          const right = want[(t - 1) * n + i] as number
          expect(Math.abs(value - right), `step ${t}, p${j}[${i}]`).toBeLessThanOrEqual(atol + 1e-5 * Math.abs(right))
        })
      }
      k.check()
    }
  })
})
