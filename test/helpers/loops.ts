import { BinaryReader, sectionsOf } from '../../src/runtime/binary.ts'

/** Vector instructions of a loop that has no loop within; blocks within are counted along. */
export interface LoopCounts {
  fma: number
  mul: number
  add: number
  load: number
  /** Loads of one number into all lanes. */
  splat: number
  store: number
  const: number
  shuffle: number
}

const [BLOCK, LOOP, IF, END, SIMD] = [0x02, 0x03, 0x04, 0x0b, 0xfd]
const KINDS: Readonly<Record<number, keyof LoopCounts>> = {
  0: 'load',
  7: 'splat',
  8: 'splat',
  9: 'splat',
  10: 'splat',
  11: 'store',
  12: 'const',
  13: 'shuffle',
  228: 'add',
  230: 'mul',
  261: 'fma',
  262: 'fma',
}

interface Frame {
  readonly loop: boolean
  readonly counts: LoopCounts
  innermost: boolean
}

const none = (): LoopCounts => ({ fma: 0, mul: 0, add: 0, load: 0, splat: 0, store: 0, const: 0, shuffle: 0 })

/** The innermost loops of all functions of a binary. */
export function innerLoops(bytes: Uint8Array): LoopCounts[] {
  const loops: LoopCounts[] = []
  for (const { id, from } of sectionsOf(bytes)) {
    if (id !== 10) continue
    const reader = new BinaryReader(bytes, from)
    for (let functions = reader.leb(); functions > 0; functions--) {
      const size = reader.leb()
      const end = reader.at + size
      for (let groups = reader.leb(); groups > 0; groups--) {
        reader.leb()
        reader.byte()
      }
      loops.push(...loopsOf(bytes, reader, end))
    }
  }
  return loops
}

function loopsOf(bytes: Uint8Array, reader: BinaryReader, end: number): LoopCounts[] {
  const loops: LoopCounts[] = []
  const frames: Frame[] = []
  while (reader.at < end) {
    const op = bytes[reader.at]
    const simd = reader.instruction()
    if (op === BLOCK || op === LOOP || op === IF) frames.push({ loop: op === LOOP, counts: none(), innermost: true })
    else if (op === END) close(frames, loops)
    else if (op === SIMD) {
      const kind = KINDS[simd]
      const top = frames.at(-1)
      if (kind !== undefined && top !== undefined) top.counts[kind]++
    }
  }
  return loops
}

function close(frames: Frame[], loops: LoopCounts[]): void {
  const top = frames.pop()
  if (top === undefined) return
  if (top.loop) {
    if (top.innermost) loops.push(top.counts)
    for (const frame of frames) frame.innermost = false
  }
  const outer = frames.at(-1)
  if (outer === undefined) return
  for (const kind of Object.keys(top.counts) as (keyof LoopCounts)[]) outer.counts[kind] += top.counts[kind]
}
