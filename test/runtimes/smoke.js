// @ts-check
/**
 * Trains a small network for 50 steps from a seed, with dropout and shuffled batches, through the public API alone:
 * the same program in Node, Deno, Bun and pages. In the strict build its weights have the same bits everywhere.
 *
 * @param {typeof import('../../src/index.ts')} chainrule
 * @param {{ threads?: number, steps?: number }} options
 */
export async function smoke(chainrule, { threads = 2, steps = 50 } = {}) {
  const { capture, crossEntropy, data, init, nn, optim, valueAndGrad } = chainrule
  const engine = await init({ threads, numerics: 'reproducible', seed: 7 })
  try {
    const batches = data.loader(data.arrays(examples(), { shapes: { x: [FEATURES] } }), { batch: BATCH, shuffle: true })
    const model = nn.sequential([
      nn.linear(FEATURES, 192),
      nn.relu(),
      nn.dropout(0.2),
      nn.linear(192, 64),
      nn.gelu(),
      nn.linear(64, CLASSES),
    ])
    const optimizer = optim.adamw(model, { lr: 3e-3 })
    const before = await weights(model)
    const step = capture(() => {
      const { x, y } = batches.next()
      const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(x), y), model)
      optimizer.step(grads)
      return { loss: value }
    }, {})
    const losses = new Float32Array(steps)
    for (let at = 0, epoch = 0; at < steps; at += batches.stepsPerEpoch, epoch++) {
      await batches.begin(epoch)
      const { curves } = await step.runMany(Math.min(batches.stepsPerEpoch, steps - at))
      losses.set(curves['loss'] ?? [], at)
    }
    const after = await weights(model)
    return {
      runtime: runtimeName(),
      threads: engine.threads,
      build: engine.runtime.build,
      executed: engine.runtime.executed().slice(0, engine.threads),
      firstLoss: losses[0],
      lastLoss: losses[steps - 1],
      lossesHash: hash(losses),
      weightsHash: hash(after),
      weightsChanged: after.filter((value, i) => value !== before[i]).length / after.length,
    }
  } finally {
    await engine.close()
  }
}

const FEATURES = 64
const CLASSES = 4
const EXAMPLES = 512
const BATCH = 128

/** Points of four clusters, from a generator of whole numbers, so that no engine's Math comes into it. */
function examples() {
  let state = 12345
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const centers = Float32Array.from({ length: CLASSES * FEATURES }, next)
  const x = new Float32Array(EXAMPLES * FEATURES)
  const y = Int32Array.from({ length: EXAMPLES }, (_, i) => i % CLASSES)
  for (let i = 0; i < x.length; i++) {
    const label = y[Math.floor(i / FEATURES)] ?? 0
    x[i] = (centers[label * FEATURES + (i % FEATURES)] ?? 0) + 2 * next()
  }
  return { x, y }
}

/** @param {{ namedParameters(): Iterable<[string, { data(): Promise<ArrayLike<number>> }]> }} model */
async function weights(model) {
  /** @type {number[]} */
  const all = []
  for (const [, parameter] of model.namedParameters()) all.push(...Array.from(await parameter.data()))
  return Float32Array.from(all)
}

/** FNV-1a of the bytes, 64 bits. @param {Float32Array} data */
function hash(data) {
  let h = 0xcbf29ce484222325n
  for (const byte of new Uint8Array(data.buffer)) h = ((h ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  return h.toString(16).padStart(16, '0')
}

function runtimeName() {
  const { Bun, Deno, process, navigator } = /** @type {any} */ (globalThis)
  if (Bun) return `Bun ${Bun.version}`
  if (Deno) return `Deno ${Deno.version.deno}`
  if (process?.versions?.node) return `Node ${process.versions.node}`
  return /(Chrome|Firefox|Version)\/[\d]+/.exec(navigator.userAgent)?.[0]?.replace('/', ' ') ?? 'unknown'
}
