import { Random } from '../data/random.ts'
import type { Tokenizer } from '../data/tokenizer.ts'
import { ArgumentError } from '../errors.ts'
import { capture, gather, spec } from '../index.ts'
import type { Network } from './models.ts'

export interface GenerateOptions {
  readonly tokens: number
  /** 1: as often as the network says; lower is more certain; 0 always takes the likeliest token. */
  readonly temperature: number
  /** Only the so many likeliest tokens; all without it. */
  readonly top?: number | undefined
  readonly seed: number
}

/** Text that a transformer writes after some tokens, piece by piece; the same for the same seed. */
export async function* generate(
  model: Network,
  context: number,
  tokenizer: Tokenizer,
  start: Int32Array,
  { tokens, temperature, top, seed }: GenerateOptions,
): AsyncGenerator<string, void, undefined> {
  if (start.length === 0)
    throw new ArgumentError('there is nothing to begin with', { where: '--prompt', expected: 'at least one character' })
  const random = new Random(seed)
  const modules = [...model.namedModules()].map(([, module]) => module)
  const modes = modules.map(({ training }) => training)
  model.eval()
  // Later places do not reach into earlier ones, so what fills the window does not matter.
  using step = capture(
    ({ x, at, scale }) => {
      const scores = gather(model.forward(x).reshape([context, -1]), at)
      return { beliefs: scores.mul(scale).softmax(-1) }
    },
    { x: spec([1, context], 'int32'), at: spec([1], 'int32'), scale: spec([1]) },
  )
  modules.forEach((module, i) => {
    module.training = modes[i] as boolean
  })
  const written: number[] = [...start]
  let shown = tokenizer.decode(written)
  for (let n = 0; n < tokens; n++) {
    const window = written.slice(-context)
    const x = new Int32Array(context)
    x.set(window)
    step.set({ x, at: [window.length - 1], scale: [temperature > 0 ? 1 / temperature : 1] })
    await step.runMany(1)
    const beliefs = step.results()['beliefs'] as Float32Array
    written.push(temperature > 0 ? drawn(beliefs, random.uniform(), top) : likeliest(beliefs))
    const text = tokenizer.decode(written)
    // A character of several tokens shows when it is whole.
    const end = text.endsWith('\uFFFD') ? text.length - 1 : text.length
    if (end > shown.length) {
      yield text.slice(shown.length, end)
      shown = text.slice(0, end)
    }
  }
}

function likeliest(beliefs: Float32Array): number {
  let best = 0
  for (let k = 1; k < beliefs.length; k++) if ((beliefs[k] as number) > (beliefs[best] as number)) best = k
  return best
}

/** The token at which the sum of beliefs passes the part `u` of all. */
function drawn(beliefs: Float32Array, u: number, top: number | undefined): number {
  const order = Array.from(beliefs.keys())
  if (top !== undefined && top < order.length) {
    order.sort((a, b) => (beliefs[b] as number) - (beliefs[a] as number) || a - b)
    order.length = top
  }
  const total = order.reduce((sum, k) => sum + (beliefs[k] as number), 0)
  let sum = 0
  for (const k of order) {
    sum += beliefs[k] as number
    if (sum > u * total) return k
  }
  return order.at(-1) as number
}
