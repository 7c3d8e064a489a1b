import { mkdir, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ArgumentError, DataError } from '../errors.ts'
import { known } from '../options.ts'
import type { Checkpoint } from '../train/checkpoint.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../train/checkpoint-bytes.ts'
import { readFile } from './node-files.ts'
import { writeFileAtomic } from './node-write.ts'
import { reason } from './read.ts'

export interface CheckpointFolderOptions {
  /**
   * How many of the last checkpoints stay; one that was saved at the end of the best epoch stays beside them, and each holds
   * the best weights anyway. Default 3.
   */
  readonly keep?: number
}

export interface SavedCheckpoint {
  readonly path: string
  readonly step: number
}

const FILE = /^step-(\d{10,16})\.safetensors$/
/** What a process left that was killed while it wrote. */
const LEFT = /^\.step-\d{10,16}\.safetensors\.[0-9a-f]{8}\.tmp$/

/**
 * A folder of checkpoints, for `fit({ checkpoint: { to: folder }, resume: await folder.latest() })`. Each is written
 * beside its place, synced and renamed, so that whatever kills the process, every file is whole.
 */
export class CheckpointFolder {
  readonly path: string
  readonly #keep: number
  #swept = false

  constructor(path: string, options: CheckpointFolderOptions = {}) {
    const { keep = 3 } = known('CheckpointFolder', options, 'keep')
    if (!(Number.isSafeInteger(keep) && keep >= 1))
      throw new ArgumentError('keep is out of range', {
        where: 'CheckpointFolder',
        expected: 'a whole number of at least 1',
        received: String(keep),
      })
    this.path = path
    this.#keep = keep
  }

  /** Refuses a run that would leave its checkpoints among later ones: those of another run, or of another end of this. */
  async begin(resume: Checkpoint | undefined): Promise<void> {
    const last = (await this.list()).at(-1)
    const from = resume?.progress.step
    if (last === undefined || (from !== undefined && from >= last.step)) return
    throw new DataError('the folder holds checkpoints of another run', {
      where: this.path,
      expected: from === undefined ? 'none' : `none beyond step ${from}, from which this run goes on`,
      received: `one of step ${last.step}`,
      hint: 'Go on with it by resume: await folder.latest(), or name another folder.',
    })
  }

  /** Writes a checkpoint, then deletes those that need not stay. Returns the path of the file. */
  async save(checkpoint: Checkpoint): Promise<string> {
    const { step } = checkpoint.progress
    await this.#prepare()
    const path = join(this.path, `step-${String(step).padStart(10, '0')}.safetensors`)
    await writeFileAtomic(path, encodeCheckpoint(checkpoint))
    const saved = await this.list()
    const old = saved.slice(0, -this.#keep).filter((file) => file.step !== step && file.step !== checkpoint.best?.step)
    for (const file of old) await unlink(file.path).catch(() => {})
    return path
  }

  /** The checkpoints in the folder, by rising step. */
  async list(): Promise<SavedCheckpoint[]> {
    const names = await this.#names()
    return names
      .flatMap((name) => {
        const step = FILE.exec(name)?.[1]
        return step === undefined ? [] : [{ path: join(this.path, name), step: Number(step) }]
      })
      .sort((a, b) => a.step - b.step)
  }

  /** The checkpoint of the most steps; undefined where there is none, so that a run begins anew. */
  async latest(): Promise<Checkpoint | undefined> {
    const last = (await this.list()).at(-1)
    return last && decodeCheckpoint(await readFile(last.path), last.path)
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.path)
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 'ENOENT') return []
      throw new DataError(`cannot be read: ${reason(cause)}`, { where: this.path, cause })
    }
  }

  async #prepare(): Promise<void> {
    if (this.#swept) return
    try {
      await mkdir(this.path, { recursive: true })
    } catch (cause) {
      throw new DataError(`cannot be made: ${reason(cause)}`, { where: this.path, cause })
    }
    for (const name of await this.#names()) if (LEFT.test(name)) await unlink(join(this.path, name)).catch(() => {})
    this.#swept = true
  }
}
