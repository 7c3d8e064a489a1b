import { ArgumentError, DataError } from '../errors.ts'
import { known } from '../options.ts'
import { whole } from './collect.ts'
import { arrays, type Dataset } from './dataset.ts'
import { type BatchesOptions, indexed, type Pipeline } from './pipeline.ts'

/** One run of tokens, or several that do not follow each other. */
export type Tokens = Int32Array | readonly Int32Array[]

export interface WindowOptions {
  /** Tokens of a window. */
  length: number
  /** From the start of a window to that of the next. Default: the length, so that none overlap. */
  stride?: number | undefined
}

/** Where the windows start: in which run, and at which token of it. */
interface Starts {
  readonly runs: readonly Int32Array[]
  readonly run: Int32Array
  readonly at: Int32Array
}

function startsOf(tokens: Tokens, { length, stride = length }: WindowOptions): Starts {
  whole('length', length, 1)
  whole('stride', stride, 1)
  const runs = tokens instanceof Int32Array ? [tokens] : tokens
  // The last token of a window has a successor, too.
  const counts = runs.map((run) => Math.max(0, Math.ceil((run.length - length) / stride)))
  const size = counts.reduce((sum, count) => sum + count, 0)
  if (size === 0)
    throw new DataError('too few tokens for a window', {
      where: 'data.windows',
      expected: `a run of at least ${length + 1}`,
      received: `runs of ${runs
        .slice(0, 10)
        .map((run) => run.length)
        .join(', ')}`,
    })
  const [run, at] = [new Int32Array(size), new Int32Array(size)]
  let i = 0
  for (const [k, count] of counts.entries())
    for (let n = 0; n < count; n++, i++) {
      run[i] = k
      at[i] = n * stride
    }
  return { runs, run, at }
}

function cut({ runs, run, at }: Starts, rows: Int32Array, length: number): Dataset<'x' | 'y'> {
  const [x, y] = [new Int32Array(rows.length * length), new Int32Array(rows.length * length)]
  for (const [i, row] of rows.entries()) {
    const tokens = runs[run[row] as number] as Int32Array
    const start = at[row] as number
    x.set(tokens.subarray(start, start + length), i * length)
    y.set(tokens.subarray(start + 1, start + length + 1), i * length)
  }
  return arrays({ x, y }, { shapes: { x: [length], y: [length] } })
}

/**
 * Windows of tokens for a language model, all of them in memory: x of shape [length] and y, the tokens that follow those
 * of x, both int32. No window reaches from one run into the next; tokens at the end that fill none are left out.
 */
export function windows(tokens: Tokens, options: WindowOptions): Dataset<'x' | 'y'> {
  const starts = startsOf(tokens, known('data.windows', options, 'length stride'))
  return cut(starts, Int32Array.from(starts.at.keys()), options.length)
}

/** The same windows as batches of [batch, length] that are cut when they are used: overlapping ones cost no memory. */
export function windowBatches(tokens: Tokens, options: WindowOptions & BatchesOptions): Pipeline<Dataset<'x' | 'y'>> {
  const starts = startsOf(tokens, known('data.windowBatches', options, 'length stride batch shuffle dropLast'))
  return indexed(starts.at.length, (rows) => cut(starts, rows, options.length), options)
}

export interface SplitTokensOptions {
  /** Tokens of a block. Default 1000. */
  block?: number | undefined
  /** Each block of that number is held out, the last of every so many. Default 10. */
  every?: number | undefined
}

/** Holds out every tenth block of 1,000 tokens, or others: runs of tokens to train on, and to test with. */
export function splitTokens(
  tokens: Int32Array,
  options: SplitTokensOptions = {},
): { readonly train: Int32Array[]; readonly test: Int32Array[] } {
  const { block = 1000, every = 10 } = known('data.splitTokens', options, 'block every')
  whole('block', block, 1)
  whole('every', every, 2)
  if (tokens.length <= block * (every - 1))
    throw new ArgumentError('no block is held out', {
      where: 'data.splitTokens',
      expected: `more than ${block * (every - 1)} tokens for every ${every}th block of ${block}`,
      received: String(tokens.length),
    })
  const [train, test]: [Int32Array[], Int32Array[]] = [[], []]
  for (let at = 0; at < tokens.length; at += block * every) {
    const held = at + block * (every - 1)
    train.push(tokens.subarray(at, held))
    if (held < tokens.length) test.push(tokens.subarray(held, held + block))
  }
  return { train, test }
}
