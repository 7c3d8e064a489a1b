import { ArgumentError } from '../errors.ts'
import { crc32c, masked } from './crc32c.ts'
import { Message } from './protobuf.ts'

// Event files as TensorBoard reads them: records of length, checksum, content, checksum; each content an Event message.
// Field numbers are those of event.proto, summary.proto and tensor.proto.

/** Something to show, with the step it belongs to. */
export type BoardEvent = {
  /** Its place: `train/loss` is the chart loss in the group train. */
  readonly tag: string
  readonly step: number
  /** Milliseconds since 1970; now by default. */
  readonly time?: number
} & (
  | { readonly value: number }
  | { readonly histogram: ArrayLike<number> }
  /** Markdown. */
  | { readonly text: string }
  /** A PNG or JPEG file. */
  | { readonly image: Uint8Array; readonly width: number; readonly height: number }
)

const BUCKETS = 30
const DT_STRING = 7

/** One record of an event file. */
function record(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(content.length + 16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(content.length), true)
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true)
  bytes.set(content, 12)
  view.setUint32(12 + content.length, masked(crc32c(content)), true)
  return bytes
}

/** The record that an event file begins with. */
export function fileVersion(time: number = Date.now()): Uint8Array<ArrayBuffer> {
  return record(
    new Message()
      .double(1, time / 1000)
      .text(3, 'brain.Event:2')
      .finish(),
  )
}

/** The record of an event. Throws ArgumentError for a step or value that is none. */
export function eventRecord(event: BoardEvent): Uint8Array<ArrayBuffer> {
  const { tag, step, time = Date.now() } = event
  if (typeof tag !== 'string' || tag === '')
    throw new ArgumentError('an event needs a tag', { where: 'tensorboard', expected: 'text', received: String(tag) })
  if (!Number.isSafeInteger(step))
    throw new ArgumentError('not a step', {
      where: `tensorboard, ${tag}`,
      expected: 'a whole number',
      received: String(step),
    })
  const value = new Message().text(1, tag)
  if ('value' in event) scalar(value, event.value, tag)
  else if ('histogram' in event) value.message(5, histogram(event.histogram, tag))
  else if ('text' in event) text(value, event.text)
  else image(value, event)
  const summary = new Message().message(1, value)
  return record(
    new Message()
      .double(1, time / 1000)
      .int(2, step)
      .message(5, summary)
      .finish(),
  )
}

function scalar(value: Message, number: number, tag: string): void {
  if (typeof number !== 'number')
    throw new ArgumentError('not a number', { where: `tensorboard, ${tag}`, received: typeof number })
  value.float(2, number)
}

/** Counts of the finite numbers in equal parts of their range. */
function histogram(numbers: ArrayLike<number>, tag: string): Message {
  let [min, max, sum, squares, count] = [Infinity, -Infinity, 0, 0, 0]
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i] as number
    if (!Number.isFinite(x)) continue
    min = Math.min(min, x)
    max = Math.max(max, x)
    sum += x
    squares += x * x
    count++
  }
  if (count === 0)
    throw new ArgumentError('nothing to count', {
      where: `tensorboard, ${tag}`,
      expected: 'a finite number or more',
      received: `${numbers.length} numbers`,
    })
  const parts = min === max ? 1 : BUCKETS
  const buckets: number[] = new Array(parts).fill(0)
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i] as number
    if (!Number.isFinite(x)) continue
    const at = min === max ? 0 : Math.min(parts - 1, Math.floor(((x - min) / (max - min)) * parts))
    buckets[at] = (buckets[at] as number) + 1
  }
  const limits = buckets.map((_, i) => (i === parts - 1 ? max : min + ((i + 1) * (max - min)) / parts))
  const message = new Message().double(1, min).double(2, max).double(3, count).double(4, sum).double(5, squares)
  return message.doubles(6, limits).doubles(7, buckets)
}

function text(value: Message, content: string): void {
  const shape = new Message().message(2, new Message().int(1, 1))
  value.message(8, new Message().int(1, DT_STRING).message(2, shape).text(8, content))
  value.message(9, new Message().message(1, new Message().text(1, 'text')))
}

function image(value: Message, event: { image: Uint8Array; width: number; height: number }): void {
  value.message(4, new Message().int(1, event.height).int(2, event.width).int(3, 3).blob(4, event.image))
}
