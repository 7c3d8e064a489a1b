import { leb } from '../runtime/binary.ts'
import { chooseBuild } from '../runtime/wasm.ts'

// The most multiply-adds a core does from WebAssembly, measured on the spot: loops of 8, 10, 12 or 13 independent chains of
// c = c x + x. Which loop is fastest differs between cores, so a bench takes the best of all.

export const CHAINS: readonly number[] = [8, 10, 12, 13]

const [MUL, ADD, MADD] = [
  [0xfd, 0xe6, 1],
  [0xfd, 0xe4, 1],
  [0xfd, 0x85, 2],
] as const
const get = (local: number): number[] => [0x20, local]
const set = (local: number): number[] => [0x21, local]
const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes]

/** turns * chains multiply-adds of 4 lanes, one instruction each (`fused`, where the engine has it) or two; gives the sum of the chains. */
export function peakLoop(chains: number, fused: boolean): (turns: number) => number {
  // Node 20 has the relaxed instructions once somebody asked for them.
  if (fused) chooseBuild('fast')
  const x = 1
  const sums = Array.from({ length: chains }, (_, i) => x + 1 + i)
  const half = new Uint8Array(Float32Array.of(0.5, 0.5, 0.5, 0.5).buffer)
  const body = [
    ...[1, chains + 1, 0x7b], // locals: v128
    ...[0xfd, 0x0c, ...half, ...set(x)],
    ...sums.flatMap((c) => [...get(c - 1), ...get(x), ...ADD, ...set(c)]),
    ...[0x03, 0x40], // loop
    ...sums.flatMap((c) => [
      ...get(c),
      ...get(x),
      ...(fused ? [...get(x), ...MADD] : [...MUL, ...get(x), ...ADD]),
      ...set(c),
    ]),
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b], // while (--turns)
    ...get(x + 1),
    ...sums.slice(1).flatMap((c) => [...get(c), ...ADD]),
    ...[0xfd, 0x1f, 0, 0x0b], // lane 0
  ]
  const sections = [
    [1, ...sized([1, 0x60, 1, 0x7f, 1, 0x7d])],
    [3, ...sized([1, 0])],
    [7, ...sized([1, 1, 0x72, 0, 0])],
    [10, ...sized([1, ...sized(body)])],
  ]
  const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()])
  const { r } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
  return r as (turns: number) => number
}
