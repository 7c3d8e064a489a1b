// @ts-check
// A run that begins in one runtime and goes on in another, from the bytes of a checkpoint: the weights at its end are those
// of the run that stayed at home.

/** @param {typeof import('../../src/index.ts')} chainrule @param {number} threads */
async function job(chainrule, threads) {
  const { crossEntropy, data, init, nn, optim, train } = chainrule
  const engine = await init({ threads, numerics: 'reproducible', seed: 7 })
  const model = nn.sequential([nn.linear(12, 48), nn.gelu(), nn.dropout(0.2), nn.linear(48, 3)])
  const optimizer = optim.adamw(model, { lr: optim.schedule.cosine(5e-3, { steps: 60, warmup: 5 }) })
  const ema = optim.ema(model)
  /** @type {import('../../src/train/options.ts').FitOptions<'x' | 'y'>} */
  const options = { loss: crossEntropy, optimizer, ema, epochs: 5, batch: 16, validation: 0.2, clipNorm: 1 }
  const set = data.arrays(points(), { shapes: { x: [12] } })
  /** @param {import('../../src/train/checkpoint.ts').Checkpoint} [resume] */
  const trainer = (resume) => new train.Trainer(model, set, { ...options, resume })
  const hash = async () => train.hashState(new Map([...(await model.stateDict()), ...(await ema.stateDict())]))
  return { engine, trainer, hash, train }
}

/** The whole run: its last weights, and its checkpoint in the middle of the third epoch. @param {any} chainrule */
export async function begin(chainrule, threads = 2) {
  const { engine, trainer, hash, train } = await job(chainrule, threads)
  try {
    let bytes = new Uint8Array()
    const run = trainer()
    for await (const event of run)
      if (event.type === 'step' && event.step >= 33 && bytes.length === 0)
        bytes = train.encodeCheckpoint(await run.checkpoint())
    const checkpoint = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
    return { step: train.decodeCheckpoint(bytes).progress.step, checkpoint: btoa(checkpoint), hash: await hash() }
  } finally {
    await engine.close()
  }
}

/** The rest of the run. @param {any} chainrule @param {Uint8Array} bytes */
export async function goOn(chainrule, bytes, threads = 3) {
  const { engine, trainer, hash, train } = await job(chainrule, threads)
  try {
    await trainer(train.decodeCheckpoint(bytes)).run()
    return { hash: await hash() }
  } finally {
    await engine.close()
  }
}

function points() {
  let state = 4321
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const y = Int32Array.from({ length: 250 }, (_, i) => i % 3)
  const x = Float32Array.from({ length: 250 * 12 }, (_, i) => next() + ((i + (y[Math.floor(i / 12)] ?? 0)) % 3))
  return { x, y }
}
