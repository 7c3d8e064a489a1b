import { ArgumentError, DataError } from '../errors.ts'
import { encodeSafetensors, parseSafetensors, type SafeTensor } from '../io/safetensors.ts'
import { CHECKPOINT, OWN, stateEntry, stateTensor } from '../io/state.ts'
import type { State, StateEntry } from '../nn/state.ts'
import type { Best, Checkpoint, Json, Progress } from './checkpoint.ts'
import { fromText, toText } from './json.ts'

// A checkpoint is a safetensors file: the weights under PyTorch's names, everything else under names that begin with
// 'chainrule.', and the small facts as JSON in the metadata. Whoever knows only the weights can read it as a model.

const VERSION = 1
const PREPROCESSING = `${OWN}preprocessing`
const CONFIG = `${OWN}config`
const PARTS = `${OWN}part.`
const BEST = `${OWN}best.`
const BEST_EMA = `${OWN}bestEma.`
const TALLY = `${OWN}tally.`
const RANDOM = `${OWN}random.`
const LOSSES = `${OWN}losses`
const HISTORY = `${OWN}history`

/** The bytes of a safetensors file with all that a run needs to go on. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const { build, progress, model, parts, generators, tally, best, losses, history, preprocessing, config } = checkpoint
  const tensors: [string, SafeTensor][] = []
  const put = (prefix: string, state: State): void => {
    for (const [name, entry] of state) tensors.push([prefix + name, stateTensor(entry)])
  }
  for (const name of model.keys())
    if (name.startsWith(OWN))
      throw new ArgumentError('a variable has a name that checkpoints use themselves', {
        where: 'encodeCheckpoint',
        received: name,
      })
  put('', model)
  for (const [name, state] of parts) put(`${PARTS}${checkPart(name)}.`, state)
  put(TALLY, tally)
  if (best !== undefined) put(BEST, best.state)
  if (best?.ema !== undefined) put(BEST_EMA, best.ema)
  for (const [i, words] of generators.entries())
    tensors.push([`${RANDOM}${i}`, { dtype: 'I32', shape: [words.length], data: words }])
  tensors.push([LOSSES, { dtype: 'F32', shape: [losses.length], data: losses }])
  const text = new TextEncoder().encode(toText(history))
  tensors.push([HISTORY, { dtype: 'U8', shape: [text.length], data: text }])
  const facts = {
    version: VERSION,
    build,
    progress,
    parts: [...parts.keys()],
    best: best && { value: best.value, epoch: best.epoch, step: best.step, ema: best.ema !== undefined },
  }
  const metadata: [string, string][] = [
    ['format', 'pt'],
    [CHECKPOINT, toText(facts)],
  ]
  if (preprocessing !== undefined) metadata.push([PREPROCESSING, JSON.stringify(preprocessing)])
  if (config !== undefined) metadata.push([CONFIG, JSON.stringify(config)])
  return encodeSafetensors(tensors, metadata)
}

/** What `encodeCheckpoint` made, strictly checked; a DataError says what is wrong with any other bytes. */
export function decodeCheckpoint(bytes: Uint8Array, name = 'checkpoint'): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes, name)
  const text = metadata.get(CHECKPOINT)
  if (text === undefined)
    throw new DataError('not a checkpoint of a training run', {
      where: name,
      expected: `metadata '${CHECKPOINT}'`,
      received: metadata.size === 0 ? 'no metadata' : [...metadata.keys()].slice(0, 9).join(', '),
      hint: 'A file of weights alone is read by decodeState, or loadState of chainrule/node.',
    })
  const check = new Checker(name)
  const facts = check.object('metadata', check.parsed(CHECKPOINT, text))
  check.that(facts['version'] === VERSION, 'version', String(VERSION), facts['version'])
  const partNames = check.list('parts', facts['parts']).map((part) => check.text('parts', part))
  check.that(new Set(partNames).size === partNames.length, 'parts', 'each name once', partNames)
  const states = new Map<string, State>(partNames.map((part) => [`${PARTS}${checkPart(part)}.`, new Map()]))
  const model: State = new Map()
  const tally: State = new Map()
  const best: State = new Map()
  const bestEma: State = new Map()
  for (const [prefix, state] of [
    [TALLY, tally],
    [BEST, best],
    [BEST_EMA, bestEma],
  ] as const)
    states.set(prefix, state)
  const random = new Map<string, Int32Array>()
  const single = new Map<string, SafeTensor>()
  for (const [key, tensor] of tensors) {
    const entry = (): StateEntry => stateEntry(tensor, `${name}: tensor ${key}`)
    const prefix = [...states.keys()].find((start) => key.startsWith(start))
    if (!key.startsWith(OWN)) model.set(key, entry())
    else if (prefix !== undefined) states.get(prefix)?.set(key.slice(prefix.length), entry())
    else if (key.startsWith(RANDOM)) random.set(key, check.words(key, tensor))
    else if (key === LOSSES || key === HISTORY) single.set(key, tensor)
    else check.that(false, key, 'a tensor of a checkpoint', 'another name')
  }
  const generators = Array.from({ length: random.size }, (_, i) => random.get(`${RANDOM}${i}`))
  check.that(random.size > 0 && !generators.includes(undefined), RANDOM, 'numbers from 0 on', [...random.keys()])
  const [losses, history] = [single.get(LOSSES), single.get(HISTORY)]
  const progress = check.progress(facts['progress'])
  const curve = losses?.data
  if (!(curve instanceof Float32Array) || curve.length !== progress.step)
    return check.fail(LOSSES, `F32 [${progress.step}]`, losses && `${losses.dtype} [${losses.shape}]`)
  if (!(history?.data instanceof Uint8Array)) return check.fail(HISTORY, 'U8', history?.dtype)
  const events = check.list(HISTORY, check.parsed(HISTORY, check.decoded(HISTORY, history.data)))
  for (const event of events) check.that(check.object(HISTORY, event)['type'] === 'epoch', HISTORY, 'epochs', event)
  const own = (key: string): Json | undefined => {
    const json = metadata.get(key)
    return json === undefined ? undefined : (check.parsed(key, json, JSON.parse) as Json)
  }
  return {
    build: check.text('build', facts['build']),
    progress,
    model,
    parts: new Map(partNames.map((part) => [part, states.get(`${PARTS}${part}.`) as State])),
    generators: generators as Int32Array[],
    tally,
    best: check.best(facts['best'], best, bestEma),
    losses: curve.slice(),
    history: events as Json[],
    preprocessing: own(PREPROCESSING),
    config: own(CONFIG),
  }
}

function checkPart(name: string): string {
  if (/^[A-Za-z][\w-]*$/.test(name)) return name
  throw new DataError('not the name of a part of a run', {
    where: 'checkpoint',
    expected: 'letters, digits, _ and -, a letter first',
    received: JSON.stringify(name.slice(0, 80)),
  })
}

/** Refuses whatever a checkpoint cannot hold. */
class Checker {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  fail(what: string, expected: string, received: unknown): never {
    const text = String(typeof received === 'object' ? JSON.stringify(received) : received)
    throw new DataError(`malformed ${what}`, { where: this.#name, expected, received: text.slice(0, 200) })
  }

  that(fact: boolean, what: string, expected: string, received: unknown): void {
    if (!fact) this.fail(what, expected, received)
  }

  parsed(what: string, text: string, parse: (text: string) => unknown = fromText): unknown {
    try {
      return parse(text)
    } catch (cause) {
      throw new DataError(`malformed ${what}`, { where: this.#name, expected: 'JSON', cause })
    }
  }

  decoded(what: string, bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (cause) {
      throw new DataError(`malformed ${what}`, { where: this.#name, expected: 'UTF-8', cause })
    }
  }

  object(what: string, value: unknown): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.fail(what, 'an object', value)
    return value as Readonly<Record<string, unknown>>
  }

  list(what: string, value: unknown): unknown[] {
    return Array.isArray(value) ? value : this.fail(what, 'a list', value)
  }

  text(what: string, value: unknown): string {
    return typeof value === 'string' ? value : this.fail(what, 'a text', value)
  }

  number(what: string, value: unknown): number {
    return typeof value === 'number' ? value : this.fail(what, 'a number', value)
  }

  whole(what: string, value: unknown): number {
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? (value as number)
      : this.fail(what, 'a whole number from 0 up', value)
  }

  words(what: string, { data }: SafeTensor): Int32Array {
    return data instanceof Int32Array && data.length === 4 ? data.slice() : this.fail(what, 'I32 [4]', data.length)
  }

  progress(value: unknown): Progress {
    const facts = this.object('progress', value)
    const whole = (name: string): number => this.whole(name, facts[name])
    const data = this.object('data', facts['data'])
    const some = (name: string, given: unknown): number | undefined =>
      given === undefined ? undefined : this.whole(name, given)
    return {
      step: whole('step'),
      epoch: whole('epoch'),
      stepInEpoch: whole('stepInEpoch'),
      lossSum: this.number('lossSum', facts['lossSum']),
      lossRows: whole('lossRows'),
      seed: some('seed', facts['seed']),
      data: { rows: some('rows', data['rows']), batch: some('batch', data['batch']) },
      waited: whole('waited'),
      trainSeconds: this.number('trainSeconds', facts['trainSeconds']),
    }
  }

  best(value: unknown, state: State, ema: State): Best | undefined {
    if (value === undefined) {
      this.that(state.size + ema.size === 0, 'best', 'no tensors without a best epoch', `${state.size + ema.size}`)
      return undefined
    }
    const facts = this.object('best', value)
    return {
      value: this.number('best value', facts['value']),
      epoch: this.whole('best epoch', facts['epoch']),
      step: this.whole('best step', facts['step']),
      state,
      ema: facts['ema'] === true ? ema : undefined,
    }
  }
}
