// TensorBoard event files in Node, Deno and Bun.
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DataError } from '../errors.ts'
import { type BoardEvent, eventRecord, fileVersion } from '../export/tensorboard.ts'
import { reason } from './read.ts'

/** An event file that is open for more. */
export interface TensorBoard extends Disposable {
  /** The file. */
  readonly path: string
  /** One point of a curve. */
  scalar(tag: string, value: number, step: number): void
  /** How numbers (weights, gradients) are spread. */
  histogram(tag: string, values: ArrayLike<number>, step: number): void
  /** Markdown. */
  text(tag: string, content: string, step: number): void
  /** A PNG or JPEG file of that size. */
  image(tag: string, file: Uint8Array, size: { readonly width: number; readonly height: number }, step: number): void
  /** Several events with one write. */
  write(events: Iterable<BoardEvent>): void
  /** Nothing can be written afterwards. Safe to call twice. */
  close(): void
}

let files = 0

/**
 * A new event file in a folder, which is made if it is not there: `tensorboard --logdir FOLDER` shows it, also while it
 * grows. Every call is written at once. Throws DataError where the file cannot be written.
 */
export function tensorboard(folder: string): TensorBoard {
  const name = `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}.${files++}`
  const path = join(folder, name)
  const attempt = <T>(what: string, act: () => T): T => {
    try {
      return act()
    } catch (cause) {
      throw new DataError(`cannot ${what} the event file: ${reason(cause)}`, { where: path, cause })
    }
  }
  let file: number | undefined = attempt('create', () => {
    mkdirSync(folder, { recursive: true })
    return openSync(path, 'ax')
  })
  const put = (records: readonly Uint8Array[]): void => {
    const open = file
    if (open === undefined) throw new DataError('the event file is closed', { where: path })
    const bytes = Buffer.concat(records)
    attempt('write', () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(open, bytes, at)
    })
  }
  put([fileVersion()])
  const write = (events: Iterable<BoardEvent>): void => put([...events].map(eventRecord))
  const close = (): void => {
    const open = file
    file = undefined
    if (open === undefined) return
    attempt('close', () => {
      fsyncSync(open)
      closeSync(open)
    })
  }
  return {
    path,
    write,
    scalar: (tag, value, step) => write([{ tag, value, step }]),
    histogram: (tag, histogram, step) => write([{ tag, histogram, step }]),
    text: (tag, text, step) => write([{ tag, text, step }]),
    image: (tag, image, size, step) => write([{ tag, image, ...size, step }]),
    close,
    [Symbol.dispose]: close,
  }
}
