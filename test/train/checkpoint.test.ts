import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ArgumentError, ChainruleError, DataError, io, train } from '../../src/index.ts'
import { CheckpointFolder, loadState } from '../../src/io/node.ts'

const entry = (...values: number[]): { shape: number[]; data: Float32Array } => ({
  shape: [values.length],
  data: Float32Array.from(values),
})

function checkpoint(step: number, changes: Partial<train.Checkpoint> = {}): train.Checkpoint {
  return {
    build: 'simd',
    progress: {
      step,
      epoch: 2,
      stepInEpoch: 1,
      lossSum: 0.1 + 0.2,
      lossRows: 7,
      seed: 2 ** 53 - 1,
      data: { rows: 100, batch: 8 },
      waited: 1,
      trainSeconds: 1.5,
    },
    model: new Map([
      ['0.weight', entry(1, Number.NaN, -0)],
      ['__proto__', entry(5)],
    ]),
    parts: new Map([
      ['optimizer', new Map([['step', { shape: [], data: Float64Array.of(step) }]])],
      ['ema', new Map()],
    ]),
    generators: [Int32Array.of(1, -2, 3, 4), Int32Array.of(5, 6, 7, 8)],
    tally: new Map([['accuracy.total', { shape: [], data: Float64Array.of(3) }]]),
    best: { value: -Infinity, epoch: 1, step: 3, state: new Map([['0.weight', entry(9, 8, 7)]]), ema: undefined },
    losses: Float32Array.from({ length: step }, (_, i) => i),
    history: [
      { type: 'epoch', loss: Number.NaN, metrics: { $: -0, counts: Int32Array.of(1, 2) as never, auc: 1e300 } },
    ] as never,
    preprocessing: { kind: 'words', version: 1 },
    config: { $: [null, true, 'x'], name: 'ä😀' },
    ...changes,
  }
}

describe('encodeCheckpoint', () => {
  it('keeps everything, to the bit', () => {
    const made = checkpoint(4)
    expect(train.decodeCheckpoint(train.encodeCheckpoint(made))).toEqual(made)
    const bare = checkpoint(0, {
      best: undefined,
      preprocessing: undefined,
      config: undefined,
      history: [],
      tally: new Map(),
      parts: new Map(),
      progress: { ...made.progress, step: 0, seed: undefined, data: {} },
    })
    expect(train.decodeCheckpoint(train.encodeCheckpoint(bare))).toEqual({
      ...bare,
      progress: { ...bare.progress, data: { rows: undefined, batch: undefined } },
    })
    expect(({} as { name?: unknown }).name).toBeUndefined()
  })

  it('is a file of weights for whoever wants no more', () => {
    const { state, metadata } = io.decodeState(train.encodeCheckpoint(checkpoint(4)))
    expect([...state.keys()].sort()).toEqual(['0.weight', '__proto__'])
    expect(metadata.get('chainrule.preprocessing')).toBe('{"kind":"words","version":1}')
  })

  it('does not take names of its own for those of a model', () => {
    const model = new Map([['chainrule.losses', entry(1)]])
    expect(() => train.encodeCheckpoint(checkpoint(1, { model }))).toThrow(ArgumentError)
    expect(() => train.encodeCheckpoint(checkpoint(1, { parts: new Map([['a.b', new Map()]]) }))).toThrow(DataError)
  })
})

/** The file with other facts, or without a tensor, or with one more. */
function changed({
  facts,
  metadata: others = {},
  without = [],
  and = [],
}: {
  facts?: unknown
  metadata?: Record<string, string>
  without?: readonly string[]
  and?: readonly [string, io.SafeTensor][]
}): Uint8Array {
  const { tensors, metadata } = io.parseSafetensors(train.encodeCheckpoint(checkpoint(4)))
  const all = new Map([...metadata, ...Object.entries(others)])
  if (facts !== undefined) all.set('chainrule.checkpoint', typeof facts === 'string' ? facts : JSON.stringify(facts))
  const kept = [...tensors].filter(([name]) => !without.includes(name))
  return io.encodeSafetensors(new Map([...kept, ...and]), all)
}

const facts = JSON.parse(
  io.parseSafetensors(train.encodeCheckpoint(checkpoint(4))).metadata.get('chainrule.checkpoint') as string,
) as { progress: object; best: object }
const bytes = (text: string): io.SafeTensor => {
  const data = new TextEncoder().encode(text)
  return { dtype: 'U8', shape: [data.length], data }
}

describe('decodeCheckpoint', () => {
  it('refuses whatever is no checkpoint, and says what is wrong', () => {
    const wrong: [string, Uint8Array, RegExp][] = [
      ['nothing', new Uint8Array(0), /truncated/],
      ['weights', io.encodeState(new Map([['w', entry(1)]])), /not a checkpoint/],
      ['no JSON', changed({ facts: '{' }), /malformed chainrule.checkpoint/],
      ['a list', changed({ facts: [] }), /malformed metadata; expected an object/],
      ['deep', changed({ facts: '['.repeat(200_000) }), /malformed chainrule.checkpoint/],
      ['version', changed({ facts: { ...facts, version: 2 } }), /malformed version; expected 1, received 2/],
      ['no progress', changed({ facts: { ...facts, progress: undefined } }), /malformed progress/],
      ['half a step', changed({ facts: { ...facts, progress: { ...facts.progress, step: 0.5 } } }), /malformed step/],
      ['before', changed({ facts: { ...facts, progress: { ...facts.progress, epoch: -1 } } }), /malformed epoch/],
      ['beyond', changed({ facts: { ...facts, progress: { ...facts.progress, step: 2 ** 53 } } }), /malformed step/],
      ['other', changed({ facts: { ...facts, progress: { ...facts.progress, step: 5 } } }), /expected F32 \[5\]/],
      ['a seed', changed({ facts: { ...facts, progress: { ...facts.progress, seed: 'a' } } }), /malformed seed/],
      ['build', changed({ facts: { ...facts, build: 1 } }), /malformed build/],
      ['parts', changed({ facts: { ...facts, parts: ['optimizer', 'optimizer'] } }), /malformed parts/],
      ['a path', changed({ facts: { ...facts, parts: ['../x'] } }), /not the name of a part/],
      ['a part too few', changed({ facts: { ...facts, parts: [] } }), /malformed chainrule.part.optimizer.step/],
      ['best', changed({ facts: { ...facts, best: undefined } }), /malformed best/],
      ['best value', changed({ facts: { ...facts, best: { ...facts.best, value: '1' } } }), /malformed best value/],
      ['a number', changed({ facts: { ...facts, best: { ...facts.best, value: { $: '12' } } } }), /malformed/],
      ['no random', changed({ without: ['chainrule.random.0', 'chainrule.random.1'] }), /malformed chainrule.random/],
      ['a gap', changed({ without: ['chainrule.random.0'] }), /malformed chainrule.random/],
      ['no losses', changed({ without: ['chainrule.losses'] }), /malformed chainrule.losses/],
      ['no history', changed({ without: ['chainrule.history'] }), /malformed chainrule.history/],
      ['history', changed({ and: [['chainrule.history', bytes('[1]')]] }), /malformed chainrule.history/],
      ['UTF-8', changed({ and: [['chainrule.history', { ...bytes('  '), data: Uint8Array.of(255, 255) }]] }), /UTF-8/],
      ['a type', changed({ and: [['w', bytes('x')]] }), /a type that no module has/],
      ['a name', changed({ and: [['chainrule.what', bytes('x')]] }), /malformed chainrule.what/],
      ['config', changed({ metadata: { 'chainrule.config': '{' } }), /malformed chainrule.config/],
    ]
    for (const [what, file, message] of wrong) {
      expect(() => train.decodeCheckpoint(file, 'a file'), what).toThrow(DataError)
      expect(() => train.decodeCheckpoint(file, 'a file'), what).toThrow(message)
    }
  })

  it('has a verdict for any bytes: a checkpoint, or a typed error', () => {
    const whole = train.encodeCheckpoint(checkpoint(4))
    const patch = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(
        fc.array(patch, { minLength: 1, maxLength: 4 }),
        fc.nat(whole.length),
        fc.nat(3),
        (patches, cut, more) => {
          const file = new Uint8Array(cut % 4 === 0 ? cut : whole.length + more)
          file.set(whole.subarray(0, file.length))
          for (const [at, byte] of patches) if (at < file.length) file[at] = byte
          try {
            train.decodeCheckpoint(file)
          } catch (error) {
            if (!(error instanceof ChainruleError)) throw error
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('takes any JSON as config and as what a metric says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (config, metrics) => {
        const made = checkpoint(1, { config: config as train.Json, history: [{ type: 'epoch', metrics }] as never })
        const read = train.decodeCheckpoint(train.encodeCheckpoint(made))
        expect(JSON.stringify(read.config)).toBe(JSON.stringify(config))
        expect(read.history).toEqual(made.history)
      }),
      { numRuns: 500 },
    )
  })
})

describe('CheckpointFolder', () => {
  let path = ''
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'chainrule-'))
  })
  afterEach(() => rm(path, { recursive: true }))

  it('keeps the last ones and that of the best epoch', async () => {
    const folder = new CheckpointFolder(join(path, 'a/b'), { keep: 2 })
    expect(await folder.latest()).toBeUndefined()
    for (const step of [1, 3, 5, 8, 13]) await folder.save(checkpoint(step))
    expect((await folder.list()).map(({ step }) => step)).toEqual([3, 8, 13])
    expect(await folder.latest()).toEqual(checkpoint(13))
    await folder.save(checkpoint(13, { config: 'again' }))
    expect((await folder.list()).map(({ step }) => step)).toEqual([3, 8, 13])
    expect((await folder.latest())?.config).toBe('again')
    const [first] = await folder.list()
    expect((await loadState(first?.path as string)).get('0.weight')).toEqual(entry(1, Number.NaN, -0))
  })

  it('refuses a run that does not go on from the last one in it', async () => {
    const folder = new CheckpointFolder(path)
    await folder.begin(undefined)
    await folder.save(checkpoint(8))
    await folder.begin(checkpoint(8))
    await expect(folder.begin(undefined)).rejects.toThrow(/another run.*step 8/)
    await expect(folder.begin(checkpoint(5))).rejects.toThrow(/none beyond step 5/)
    expect((await folder.list()).map(({ step }) => step)).toEqual([8])
  })

  it('leaves other files alone, and sweeps what a killed process left', async () => {
    await writeFile(join(path, 'notes.txt'), 'mine')
    await writeFile(join(path, '.step-0000000001.safetensors.0123abcd.tmp'), 'half')
    const folder = new CheckpointFolder(path, { keep: 1 })
    await folder.save(checkpoint(2, { best: undefined }))
    await folder.save(checkpoint(12, { best: undefined }))
    expect((await readdir(path)).sort()).toEqual(['notes.txt', 'step-0000000012.safetensors'])
  })

  it('names what cannot be done', async () => {
    expect(() => new CheckpointFolder(path, { keep: 0 })).toThrow(ArgumentError)
    await writeFile(join(path, 'file'), '')
    await expect(new CheckpointFolder(join(path, 'file')).save(checkpoint(1))).rejects.toThrow(DataError)
    await expect(new CheckpointFolder(join(path, 'file')).latest()).rejects.toThrow(DataError)
    const folder = new CheckpointFolder(path)
    const saved = await folder.save(checkpoint(1))
    await chmod(saved, 0o644)
    await writeFile(saved, (await readFile(saved)).subarray(0, 100))
    await expect(folder.latest()).rejects.toThrow(/step-0000000001.safetensors/)
  })

  // Two processes at a time, each with a folder of its own.
  const kills = 100
  const lanes = ['one', 'two']
  it(`never has a torn file, whenever its process is killed (${lanes.length * kills} times)`, {
    timeout: 600_000,
  }, async () => {
    expect(existsSync(new URL('../../dist/io/node.js', import.meta.url)), 'npm run build').toBe(true)
    let between = 0
    const lane = async (name: string): Promise<void> => {
      const place = join(path, name)
      const folder = new CheckpointFolder(place)
      let last = 0
      for (let kill = 0; kill < kills; kill++) {
        const child = fork(new URL('../helpers/saver.js', import.meta.url), [place, String(last)])
        await new Promise((resolve) => child.once('message', resolve))
        // Spread over some ten saves of about a millisecond each.
        await new Promise((resolve) => setTimeout(resolve, (kill * 7) % 12))
        child.kill('SIGKILL')
        await new Promise((resolve) => child.once('exit', resolve))
        if ((await readdir(place)).some((file) => file.endsWith('.tmp'))) between++
        const latest = (await folder.latest()) as train.Checkpoint
        const { step } = latest.progress
        expect(step).toBeGreaterThan(last)
        for (const { data } of latest.model.values()) expect(data.every((value) => value === step)).toBe(true)
        expect(latest.losses).toHaveLength(step)
        last = step
      }
    }
    await Promise.all(lanes.map(lane))
    expect(between).toBeGreaterThan(0)
  })
})
