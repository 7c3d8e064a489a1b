// The order of a binary's functions. Gzip finds what is repeated within 32 kB: functions that resemble each other
// belong side by side.
import { deflateRawSync } from 'node:zlib'
import binaryen from 'binaryen'
import { BinaryReader, leb, sectionsOf } from '../src/runtime/binary.ts'
import { featuresOf, type Target } from './rules.ts'

const WINDOW = 32768
/** Moves that are tried after the first arrangement, each a compression of all code: more gain little. */
const MOVES = 400

/** The same functions in an order that gzip likes. */
export function arranged(bytes: Uint8Array, target: Target): Uint8Array {
  const order = improved(bodiesOf(bytes))
  // binaryen sorts functions by their names: those here are the places, in digits of equal number.
  const names: number[] = []
  const digits = String(order.length).length
  for (const [place, i] of [...order.entries()].sort(([, a], [, b]) => a - b))
    names.push(...leb(i), digits, ...ascii(String(place).padStart(digits, '0')))
  const functions = [...leb(order.length), ...names]
  const section = [4, ...ascii('name'), 1, ...leb(functions.length), ...functions]
  const module = binaryen.readBinary(Buffer.concat([bytes, Buffer.from([0, ...leb(section.length), ...section])]))
  try {
    module.setFeatures(featuresOf(target))
    module.runPasses(['reorder-functions-by-name'])
    return module.emitBinary()
  } finally {
    module.dispose()
  }
}

const ascii = (text: string): number[] => [...Buffer.from(text)]

function bodiesOf(bytes: Uint8Array): Uint8Array[] {
  const code = [...sectionsOf(bytes)].find(({ id }) => id === 10)
  if (code === undefined) return []
  const reader = new BinaryReader(bytes, code.from)
  return Array.from({ length: reader.leb() }, () => {
    const size = reader.skip()
    return bytes.subarray(reader.at - size, reader.at)
  })
}

/** Each time the function of which most bytes are known from those before it. */
function chained(bodies: readonly Uint8Array[]): number[] {
  const left = new Set(bodies.keys())
  const order: number[] = []
  const alone = bodies.map((body) => deflateRawSync(body, { level: 9 }).length)
  let before: Uint8Array = new Uint8Array()
  const newPart = (i: number): number =>
    deflateRawSync(bodies[i] as Uint8Array, { level: 9, dictionary: before }).length / (alone[i] as number)
  while (left.size > 0) {
    let [best, least] = [0, Number.POSITIVE_INFINITY]
    for (const i of left) {
      const part = before.length === 0 ? i : newPart(i)
      if (part < least) [best, least] = [i, part]
    }
    left.delete(best)
    order.push(best)
    before = Buffer.concat([before, bodies[best] as Uint8Array]).subarray(-WINDOW)
  }
  return order
}

/** Moves runs of functions about, always the same ones, and keeps what makes the whole smaller. */
function improved(bodies: readonly Uint8Array[]): number[] {
  let order = chained(bodies)
  const packed = (o: readonly number[]): number =>
    deflateRawSync(Buffer.concat(o.map((i) => bodies[i] as Uint8Array)), { level: 9 }).length
  let least = packed(order)
  let state = 1
  const below = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % limit
  }
  for (let move = 0; move < MOVES; move++) {
    const next = [...order]
    const run = next.splice(below(order.length), 1 << below(4))
    next.splice(below(next.length + 1), 0, ...run)
    const size = packed(next)
    if (size < least) [order, least] = [next, size]
  }
  return order
}
