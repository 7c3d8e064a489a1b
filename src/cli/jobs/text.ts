import { BpeTokenizer } from '../../data/bpe.ts'
import { gunzipped } from '../../data/bytes.ts'
import { ByteTokenizer, CharacterTokenizer, type Tokenizer } from '../../data/tokenizer.ts'
import { splitTokens, windowBatches } from '../../data/windows.ts'
import { DataError } from '../../errors.ts'
import { crossEntropy, type Tensor } from '../../index.ts'
import { openFile } from '../../io/node-files.ts'
import { evaluate, type Json } from '../../train/index.ts'
import { integer } from '../format.ts'
import { generate } from '../generate.ts'
import type { Network } from '../models.ts'
import type { TestReport } from '../result.ts'
import type { TrainOptions } from '../train-options.ts'
import type { Job, Source } from './job.ts'
import { specOf } from './spec.ts'

/** An epoch draws a window for so many tokens. */
const TOKENS = 16
/** Windows that are drawn from: of longer texts not every token begins one. */
const MOST_WINDOWS = 200_000
/** Each of so many blocks is held out. */
const EVERY = 10
const BLOCK = 1000
const SAMPLE = 240
const MOST_BYTES = 2 ** 28

/** The text of a file, packed or not. */
export async function readText(path: string): Promise<string> {
  const file = openFile(path)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  try {
    for await (const piece of path.endsWith('.gz') ? gunzipped(file, path) : file) {
      bytes += piece.length
      if (bytes > MOST_BYTES)
        throw new DataError('too long a text', { where: path, expected: `at most ${MOST_BYTES} bytes` })
      text += decoder.decode(piece, { stream: true })
    }
    return text + decoder.decode()
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new DataError(`no UTF-8 before byte ${bytes + 65_536}`, { where: path, cause })
  }
}

function tokenizerOf(text: string, { tokenizer, vocabulary }: TrainOptions): Tokenizer {
  if (tokenizer === 'bytes') return new ByteTokenizer()
  return tokenizer === 'bpe' ? BpeTokenizer.train(text, { size: vocabulary }) : CharacterTokenizer.train(text)
}

/** Scores [N, time, tokens] and the tokens that followed [N, time]. */
export const tokenLoss = (scores: Tensor, next: Tensor): Tensor =>
  crossEntropy(scores.reshape([next.size, -1]), next.reshape([next.size]))

/** Nats a token and a character on runs of tokens that are not trained on. */
export async function textReport(
  model: Network,
  runs: readonly Int32Array[],
  tokenizer: Tokenizer,
  { context, batch, seed }: { context: number; batch: number; seed: number },
): Promise<TestReport> {
  const { loss: nats, rows } = await evaluate(model, windowsOf(runs, context, batch), { loss: tokenLoss })
  let [tokens, characters] = [0, 0]
  for (const run of runs) {
    tokens += run.length
    characters += [...tokenizer.decode(run)].length
  }
  const start = (runs[0] as Int32Array).subarray(0, Math.min(context, 24))
  let sample = tokenizer.decode(start)
  for await (const piece of generate(model, context, tokenizer, start, { tokens: SAMPLE, temperature: 0.8, seed }))
    sample += piece
  return {
    kind: 'text',
    rows: rows * context,
    loss: nats,
    perplexity: Math.exp(nats),
    perCharacter: (nats * tokens) / characters,
    sample,
  }
}

/** Every token of the runs once, as far as it fits whole windows. */
const windowsOf = (runs: readonly Int32Array[], length: number, batch: number): Source =>
  windowBatches(runs, { length, batch })

export async function textJob(options: TrainOptions): Promise<Job> {
  const path = options.data as string
  const text = await readText(path)
  if (text === '') throw new DataError('no text', { where: path })
  const tokenizer = tokenizerOf(text, options)
  const tokens = tokenizer.encode(text)
  const { context, batch, seed } = options
  const block = Math.min(BLOCK, Math.floor(tokens.length / EVERY))
  if (block <= context)
    throw new DataError('too short a text', {
      where: path,
      expected: `more than ${EVERY * (context + 1)} tokens for a context of ${context}`,
      received: String(tokens.length),
      hint: 'Use a smaller --context.',
    })
  const { train, test } = splitTokens(tokens, { block, every: EVERY })
  const starts = train.reduce((sum, run) => sum + Math.max(0, run.length - context), 0)
  const stride = Math.ceil(starts / MOST_WINDOWS)
  const fits = Math.min(batch, Math.floor(starts / stride))
  const stepsPerEpoch = Math.max(1, Math.floor(starts / TOKENS / fits))
  return {
    data: {
      name: path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1),
      trainSamples: stepsPerEpoch * fits,
      validationSamples: undefined,
      testSamples: test.reduce((sum, run) => sum + Math.floor((run.length - 1) / context), 0),
      sampleShape: [context],
      unit: 'windows',
      classes: undefined,
      about: `${integer(tokens.length)} tokens, ${integer(tokenizer.size)} different ${tokenizer.kind === 'bpe' ? 'ones' : tokenizer.kind}`,
    },
    spec: specOf(options, tokenizer),
    preprocessing: tokenizer.toJSON() as unknown as Json,
    train: windowBatches(train, { length: context, stride, batch: fits, shuffle: seed, dropLast: true }).take(
      stepsPerEpoch,
    ),
    watched: windowsOf(test, context, batch),
    stepsPerEpoch,
    batch: undefined,
    loss: tokenLoss,
    metrics: {},
    patience: options.patience,
    notices: [],
    test: (model) => textReport(model, test, tokenizer, { context, batch, seed }),
  }
}
