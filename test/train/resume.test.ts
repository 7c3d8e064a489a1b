import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { DataError, optim, train } from '../../src/index.ts'
import { type Job, type JobName, job, type Measured, start, summary } from '../helpers/jobs.ts'

const root = new URL('../..', import.meta.url)

/** Before the first step, after it, in the middle of an epoch, at its end before and after its evaluation, before the last. */
const places = [
  'step 0',
  'step 1',
  'step 3',
  'step 6',
  "epoch's end 6",
  'step 9',
  "epoch's end 12",
  'step 17',
  'step 18',
] as const

interface Whole {
  readonly text: string
  /** Checkpoints by what they are of, as bytes. */
  readonly saved: ReadonlyMap<string, Uint8Array>
  readonly steps: number
}

/** A run from start to end; checkpoints are taken at each step, and before and after the end of each epoch. */
async function whole(name: JobName): Promise<Whole> {
  const engine = await start(2, 11)
  try {
    const made = job(name)
    const saved = new Map<string, Uint8Array>()
    const result = await train.fit(made.model, made.set, {
      ...made.options,
      checkpoint: {
        everySteps: 1,
        everyEpochs: 1,
        to: {
          save(checkpoint) {
            const { step, stepInEpoch } = checkpoint.progress
            saved.set(stepInEpoch === 0 ? `epoch's end ${step}` : `step ${step}`, train.encodeCheckpoint(checkpoint))
          },
        },
      },
      onBegin: async (_, run) => void saved.set('step 0', train.encodeCheckpoint(await run.checkpoint())),
    })
    return { text: await summary(made, result), saved, steps: result.steps }
  } finally {
    await engine.close()
  }
}

/** Another engine, seed and number of threads. */
async function resumed(name: JobName, bytes: Uint8Array, threads: number): Promise<string> {
  const engine = await start(threads, 99)
  try {
    const made = job(name)
    const resume = train.decodeCheckpoint(bytes)
    expect(resume.config).toEqual({ job: name, layers: [6, 24, 3] })
    expect(resume.preprocessing).toEqual({ kind: 'none', version: 1 })
    return await summary(made, await train.fit(made.model, made.set, { ...made.options, resume }))
  } finally {
    await engine.close()
  }
}

describe.each<JobName>(['mlp', 'cnn', 'transformer', 'stream'])('a resumed run of the %s', (name) => {
  it('has the bits of the uninterrupted one, from every place and with other thread counts', async () => {
    const { text, saved, steps } = await whole(name)
    expect(steps).toBe(18)
    for (const [i, place] of places.entries()) {
      const bytes = saved.get(place)
      expect(bytes, place).toBeDefined()
      expect(await resumed(name, bytes as Uint8Array, [1, 3, 2, 4][i % 4] as number), place).toBe(text)
    }
  })

  it('has them in a process of its own, from every place', async () => {
    const { text, saved } = await whole(name)
    const folder = await mkdtemp(join(tmpdir(), 'chainrule-'))
    try {
      const files = places.map((place) => join(folder, `${place}.safetensors`))
      for (const [i, file] of files.entries()) await writeFile(file, saved.get(places[i] as string) as Uint8Array)
      const args = ['--import', 'tsx', 'test/helpers/resume.ts', name, '3', ...files]
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
      expect(JSON.parse(stdout)).toEqual(places.map(() => text))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('a checkpoint', () => {
  const aborts = 200
  it(`of a run that was aborted in the middle of a chunk goes on with the same bits, ${aborts} times`, {
    timeout: 600_000,
  }, async () => {
    const { text } = await whole('mlp')
    const places = new Set<number>()
    const engine = await start(2, 11)
    const first = engine.generator.words()
    const build = (): Job & Disposable => {
      const made = job('mlp')
      const dispose = (): void => {
        made.model.dispose()
        made.optimizer.dispose()
        made.ema.dispose()
      }
      return { ...made, [Symbol.dispose]: dispose }
    }
    try {
      for (let i = 0; i < aborts; i++) {
        engine.generator.restore(first)
        using made = build()
        const controller = new AbortController()
        const trainer = new train.Trainer(made.model, made.set, {
          ...made.options,
          signal: controller.signal,
          chunkMilliseconds: 1e6,
          onBegin: () => void setTimeout(() => controller.abort(new Error('enough')), i % 16),
        })
        await trainer.run().catch((error: unknown) => expect(String(error)).toContain('enough'))
        expect(made.optimizer.steps.item()).toBe(trainer.step)
        places.add(trainer.step)
        const bytes = train.encodeCheckpoint(await trainer.checkpoint())
        engine.generator.restore(Int32Array.of(i, 1, 2, 3))
        using again = build()
        const options = { ...again.options, resume: train.decodeCheckpoint(bytes) }
        expect(await summary(again, await train.fit(again.model, again.set, options))).toBe(text)
      }
    } finally {
      await engine.close()
    }
    expect(places.size).toBeGreaterThan(1)
  })

  it('can be asked for at any time, and is taken at the end of a step', async () => {
    const { text } = await whole('mlp')
    const engine = await start(2, 11)
    const taken: Promise<train.Checkpoint>[] = []
    let over = false
    try {
      const made = job('mlp')
      const take = (): void => void (over || taken.push(trainer.checkpoint()))
      const trainer: train.Trainer<'x' | 'y', Measured> = new train.Trainer(made.model, made.set, {
        ...made.options,
        chunkMilliseconds: 1e-9,
        // Between two steps, and in the middle of whatever comes next.
        onStep: () => {
          take()
          setTimeout(take)
        },
      })
      const timer = setInterval(take, 1)
      const result = await trainer.run()
      clearInterval(timer)
      over = true
      expect(await summary(made, result)).toBe(text)
      taken.push(trainer.checkpoint())
    } finally {
      await Promise.all(taken)
      await engine.close()
    }
    expect(taken.length).toBeGreaterThan(2)
    const all = await Promise.all(taken)
    const middle = all[Math.floor(all.length / 2)] as train.Checkpoint
    expect(await resumed('mlp', train.encodeCheckpoint(middle), 2)).toBe(text)
    expect(await resumed('mlp', train.encodeCheckpoint(all.at(-1) as train.Checkpoint), 2)).toBe(text)
  })

  it('of a finished run goes on when there is more to do', async () => {
    const run = async (epochs: number, resume?: train.Checkpoint): Promise<[string, train.Checkpoint]> => {
      const engine = await start(2, 11)
      try {
        const made = job('mlp')
        const trainer = new train.Trainer(made.model, made.set, { ...made.options, epochs, resume })
        const result = await trainer.run()
        const text = (await summary(made, result)).replaceAll(/"epochs":\d+/g, '')
        return [text, await trainer.checkpoint()]
      } finally {
        await engine.close()
      }
    }
    const [long] = await run(5)
    const [, checkpoint] = await run(2)
    expect((await run(5, checkpoint))[0]).toBe(long)
  })

  it('is refused by another run, which stays as it was', async () => {
    const { saved } = await whole('mlp')
    const checkpoint = train.decodeCheckpoint(saved.get('step 9') as Uint8Array)
    const engine = await start(1, 1)
    try {
      const made = job('mlp')
      const before = train.hashState(await made.model.stateDict())
      const other = optim.sgd(made.model, { lr: 0.1, momentum: 0.9 })
      const bad: [Partial<typeof made.options>, RegExp][] = [
        [{ seed: 5 }, /another seed; expected 11, received 5/],
        [{ batch: 12 }, /another batch; expected 13, received 12/],
        [{ validation: undefined }, /another rows; expected 72, received 90/],
        [{ ema: undefined }, /other parts; expected optimizer, received ema, optimizer/],
        [{ optimizer: other } as never, /does not fit the model/],
        [{ resume: { ...checkpoint, build: 'relaxed' } }, /another build .* numerics: 'fast'/],
        [{ resume: { ...checkpoint, model: new Map() } }, /missing: 0.weight/],
      ]
      for (const [options, message] of bad) {
        const run = train.fit(made.model, made.set, { ...made.options, resume: checkpoint, ...options } as never)
        await expect(run, String(message)).rejects.toThrow(DataError)
        await run.catch((error: unknown) => expect(String(error)).toMatch(message))
      }
      expect(train.hashState(await made.model.stateDict())).toBe(before)
      const any = { ...made.options, resume: { ...checkpoint, build: 'relaxed' }, anyBuild: true }
      const result: train.FitResult<Measured> = await train.fit(made.model, made.set, any)
      expect(result.steps).toBe(18)
    } finally {
      await engine.close()
    }
  })
})
