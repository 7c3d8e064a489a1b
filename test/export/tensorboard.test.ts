import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { crc32c, masked } from '../../src/export/crc32c.ts'
import { boardEvents, eventRecord, fileVersion } from '../../src/export/index.ts'
import { ArgumentError, DataError } from '../../src/index.ts'
import { tensorboard } from '../../src/io/node.ts'
import { decodeEvent } from '../helpers/event-schema.ts'
import { blob, decode, double, doubles, type Fields, float, int, message, messages, text } from '../helpers/protobuf.ts'

const folder = mkdtempSync(join(tmpdir(), 'chainrule-board-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Bit by bit, from the definition. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffffn
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n
  }
  return Number(crc ^ 0xffffffffn)
}

/** The events of a file: framing and checksums are held against their definition. */
const eventsOf = (file: Uint8Array): Fields[] => recordsOf(file).map(decode)

/** The contents of its records. */
function recordsOf(file: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = []
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const check = (from: number, length: number, at: number): void => {
    const crc = BigInt(slowCrc(file.subarray(from, from + length)))
    const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn
    expect(BigInt(view.getUint32(at, true))).toBe((rotated + 0xa282ead8n) & 0xffffffffn)
  }
  let at = 0
  while (at < file.length) {
    const length = Number(view.getBigUint64(at, true))
    check(at, 8, at + 8)
    check(at + 12, length, at + 12 + length)
    records.push(file.subarray(at + 12, at + 12 + length))
    at += length + 16
  }
  expect(at).toBe(file.length)
  return records
}
const shownBy = (event: Fields): Fields => message(message(event, 5), 1)

describe('the checksum', () => {
  it.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['rising', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['falling', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['digits', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('is that of RFC 3720: %s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc)
  })

  it('is masked as in records, and can be unmasked', () => {
    for (const crc of [0, 1, 0x8a9136aa, 0xffffffff]) {
      const rotated = (masked(crc) - 0xa282ead8) >>> 0
      expect(((rotated >>> 17) | (rotated << 15)) >>> 0).toBe(crc)
    }
    // the record of an empty content: length 0
    expect(masked(crc32c(new Uint8Array(8)))).toBe(masked(slowCrc(new Uint8Array(8))))
  })
})

describe('records', () => {
  it('begin with the version', () => {
    const [event] = eventsOf(fileVersion(1_700_000_000_500))
    expect(double(event as Fields, 1)).toBe(1_700_000_000.5)
    expect(text(event as Fields, 3)).toBe('brain.Event:2')
  })

  it('hold scalars', () => {
    for (const [value, step] of [
      [0.25, 0],
      [-3, 2 ** 40],
      [Number.NaN, 7],
      [1e30, -1],
    ] as const) {
      const [event] = eventsOf(eventRecord({ tag: 'train/loss', value, step, time: 1000 }))
      expect(double(event as Fields, 1)).toBe(1)
      expect(int(event as Fields, 2)).toBe(step)
      expect(text(shownBy(event as Fields), 1)).toBe('train/loss')
      expect(float(shownBy(event as Fields), 2)).toBe(Math.fround(value))
    }
  })

  it('hold histograms that count every finite number', () => {
    const numbers = Float32Array.of(...Array.from({ length: 1000 }, (_, i) => i / 100), Number.NaN, Infinity)
    const [event] = eventsOf(eventRecord({ tag: 'weights', histogram: numbers, step: 3 }))
    const histogram = message(shownBy(event as Fields), 5)
    const finite = Array.from(numbers.subarray(0, 1000))
    expect([1, 2, 3].map((field) => double(histogram, field))).toEqual([0, Math.fround(9.99), 1000])
    expect(double(histogram, 4)).toBeCloseTo(
      finite.reduce((a, b) => a + b),
      3,
    )
    expect(double(histogram, 5)).toBeCloseTo(
      finite.reduce((a, b) => a + b * b, 0),
      2,
    )
    const [limits, counts] = [doubles(histogram, 6), doubles(histogram, 7)]
    expect(limits).toEqual([...limits].sort((a, b) => a - b))
    expect(limits).toHaveLength(counts.length)
    counts.forEach((count, i) => {
      const low = i === 0 ? -Infinity : (limits[i - 1] as number)
      const last = i === counts.length - 1
      const inside = finite.filter((x) => x >= low && (last ? x <= (limits[i] as number) : x < (limits[i] as number)))
      expect(Math.abs(count - inside.length)).toBeLessThanOrEqual(1)
    })
    expect(counts.reduce((a, b) => a + b)).toBe(1000)
    const equal = message(shownBy(eventsOf(eventRecord({ tag: 'w', histogram: [2, 2], step: 0 }))[0] as Fields), 5)
    expect([doubles(equal, 6), doubles(equal, 7)]).toEqual([[2], [2]])
  })

  it('hold text and images', () => {
    const written = shownBy(eventsOf(eventRecord({ tag: 'note', text: '# grün', step: 1 }))[0] as Fields)
    const tensor = message(written, 8)
    expect([int(tensor, 1), text(tensor, 8)]).toEqual([7, '# grün'])
    expect(messages(message(tensor, 2), 2).map((dim) => int(dim, 1))).toEqual([1])
    expect(text(message(message(written, 9), 1), 1)).toBe('text')
    const png = Uint8Array.of(137, 80, 78, 71)
    const shown = shownBy(eventsOf(eventRecord({ tag: 'x', image: png, width: 5, height: 4, step: 1 }))[0] as Fields)
    const image = message(shown, 4)
    expect([int(image, 1), int(image, 2), blob(image, 4)]).toEqual([4, 5, png])
  })

  it('refuse what is none', () => {
    expect(() => eventRecord({ tag: '', value: 1, step: 0 })).toThrow(ArgumentError)
    expect(() => eventRecord({ tag: 'a', value: 1, step: 0.5 })).toThrow(ArgumentError)
    expect(() => eventRecord({ tag: 'a', value: '1' as unknown as number, step: 0 })).toThrow(ArgumentError)
    expect(() => eventRecord({ tag: 'a', histogram: [Number.NaN], step: 0 })).toThrow(ArgumentError)
  })
})

describe('an event file', () => {
  it('is written at once, and closed for good', () => {
    const logs = join(folder, 'deep', 'logs')
    const board = tensorboard(logs)
    board.scalar('loss', 2, 1)
    expect(eventsOf(readFileSync(board.path))).toHaveLength(2)
    board.write([
      { tag: 'loss', value: 1, step: 2 },
      { tag: 'accuracy', value: 0.5, step: 2 },
    ])
    board.histogram('weights', [1, 2, 3], 2)
    board.text('note', 'done', 2)
    board.image('input', Uint8Array.of(1), { width: 1, height: 1 }, 2)
    board.close()
    board.close()
    expect(() => board.scalar('loss', 0, 3)).toThrow(DataError)
    const events = eventsOf(readFileSync(board.path))
    expect(events.slice(1).map((event) => text(shownBy(event), 1))).toEqual([
      'loss',
      'loss',
      'accuracy',
      'weights',
      'note',
      'input',
    ])
    expect(readdirSync(logs)).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\./)])
  })

  it('says the same to protobufjs, by the schema of TensorFlow, and not a byte more', () => {
    const board = tensorboard(join(folder, 'decoded'))
    board.scalar('train/loss', 0.5, 2 ** 33)
    board.histogram('weights', [-1, 0, 0, 2.5], 7)
    board.text('note', 'größer', 1)
    board.image('input', Uint8Array.of(137, 80, 78, 71), { width: 5, height: 4 }, 3)
    board.close()
    const [version, scalar, weights, note, picture, ...more] = recordsOf(readFileSync(board.path)).map(decodeEvent)
    expect(more).toEqual([])
    expect(version).toEqual({ wallTime: expect.any(Number), fileVersion: 'brain.Event:2' })
    expect(Math.abs((version?.['wallTime'] as number) - Date.now() / 1000)).toBeLessThan(600)
    const value = (event: Record<string, unknown> | undefined): unknown => {
      const { value } = (event as Record<string, { value: readonly unknown[] }>)['summary'] ?? { value: [] }
      expect(value).toHaveLength(1)
      return value[0]
    }
    expect([scalar?.['step'], value(scalar)]).toEqual([2 ** 33, { tag: 'train/loss', simpleValue: 0.5 }])
    const { histo } = value(weights) as { histo: Record<string, number[]> }
    expect(histo).toMatchObject({ min: -1, max: 2.5, num: 4, sum: 1.5, sumSquares: 7.25 })
    expect(histo['bucket']?.reduce((a, b) => a + b)).toBe(4)
    expect(histo['bucketLimit']).toHaveLength((histo['bucket'] as number[]).length)
    expect(value(note)).toMatchObject({
      tag: 'note',
      tensor: { dtype: 7, stringVal: [Buffer.from('größer').toString('base64')] },
      metadata: { pluginData: { pluginName: 'text' } },
    })
    expect(value(picture)).toMatchObject({
      tag: 'input',
      image: { height: 4, width: 5, encodedImageString: Buffer.of(137, 80, 78, 71).toString('base64') },
    })
  })

  it('has a name of its own beside others', () => {
    const [a, b] = [tensorboard(folder), tensorboard(folder)]
    expect(a.path).not.toBe(b.path)
    a.close()
    b.close()
  })

  it('says why it cannot be made', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => tensorboard(join(folder, 'file', 'logs'))).toThrow(DataError)
  })
})

describe('the events of fit', () => {
  it('are curves of steps and epochs', () => {
    const step = {
      type: 'step',
      epoch: 1,
      step: 20,
      steps: 40,
      loss: 0.5,
      losses: Float32Array.of(0.6, 0.4),
      curves: { norm: Float32Array.of(1, 2) },
      learningRate: 0.1,
      samplesPerSecond: 1,
      secondsLeft: 1,
    } as const
    expect(boardEvents(step)).toEqual([
      { tag: 'train/loss', value: 0.5, step: 20 },
      { tag: 'train/learning rate', value: 0.1, step: 20 },
      { tag: 'train/norm', value: 2, step: 20 },
    ])
    const epoch = {
      type: 'epoch',
      epoch: 1,
      epochs: 2,
      step: 20,
      loss: 0.5,
      metrics: { accuracy: 0.5 },
      validation: { loss: 0.7, rows: 9, metrics: { accuracy: 0.4, confusion: { classes: 2, counts: [1, 2, 3, 4] } } },
      best: true,
      trainSeconds: 1,
    } as unknown as Parameters<typeof boardEvents>[0]
    expect(boardEvents(epoch)).toEqual([
      { tag: 'train/accuracy', value: 0.5, step: 20 },
      { tag: 'validation/loss', value: 0.7, step: 20 },
      { tag: 'validation/accuracy', value: 0.4, step: 20 },
    ])
    expect(boardEvents({ type: 'begin', step: 0, steps: 1 })).toEqual([])
  })
})
