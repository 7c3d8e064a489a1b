// @ts-check
/**
 * Trains in a page, all steps of an epoch as one program, and counts how often a timer of the page got its turn between the
 * first step and the event after the last one, and during an evaluation: never, were the page's thread to wait.
 *
 * @param {typeof import('../../src/index.ts')} chainrule
 */
export async function ticks({ crossEntropy, data, init, nn, optim, train }) {
  const engine = await init({ threads: 2, seed: 7 })
  try {
    const rows = 32_768
    const x = Float32Array.from({ length: rows * 64 }, (_, i) => ((i * 7919) % 1009) / 1009)
    const y = Int32Array.from({ length: rows }, (_, i) => i % 10)
    const set = data.arrays({ x, y }, { shapes: { x: [64] } })
    const model = nn.sequential([nn.linear(64, 256), nn.relu(), nn.linear(256, 256), nn.relu(), nn.linear(256, 10)])
    let count = 0
    let tick = setTimeout(function again() {
      count++
      tick = setTimeout(again)
    })
    /** @type {number[]} */
    const events = []
    const trainer = new train.Trainer(model, set, {
      loss: crossEntropy,
      optimizer: optim.adam(model),
      epochs: 3,
      batch: 64,
      chunkMilliseconds: 1e9,
    })
    let [before, steps, most] = [0, 0, 0]
    for await (const event of trainer) {
      if (event.type === 'step') {
        events.push(count - before)
        if (event.step - steps > most) most = event.step - steps
        steps = event.step
      }
      before = count
    }
    before = count
    const { rows: seen } = await train.evaluate(model, set, { loss: crossEntropy })
    const evaluated = count - before
    clearTimeout(tick)
    return { threads: engine.threads, steps, most, ticks: Math.max(...events), evaluated, seen }
  } finally {
    await engine.close()
  }
}
