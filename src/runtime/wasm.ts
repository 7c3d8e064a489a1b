import { instantiate as load, instantiateSync as loadSync } from '@assemblyscript/loader'
import { EngineError } from '../errors.ts'
import { BinaryReader, sectionsOf } from './binary.ts'
import { enableRelaxedSimd, mayBlock, readFile } from './host.ts'

export type Build = 'simd' | 'relaxed'

/** What assembly/index.ts exports. Addresses and 32-bit numbers; results are signed. */
export interface Machine {
  dispatch(opcode: number, pc: number, scratch: number, part: number, parts: number): void
  run(program: number, repeat: number, threads: number): number
  resume(): number
  start(program: number, repeat: number, threads: number): void
  serve(thread: number): number
  halt(status: number, threads: number): void
  turn(turns: number): void
}

/** One function with one f32x4.relaxed_madd. */
const relaxedProbe = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2,
  253, 133, 2, 11,
])

function supportsRelaxed(): boolean {
  if (WebAssembly.validate(relaxedProbe)) return true
  enableRelaxedSimd()
  return WebAssembly.validate(relaxedProbe)
}

export const chooseBuild = (numerics: 'fast' | 'reproducible' | undefined): Build =>
  numerics !== 'reproducible' && supportsRelaxed() ? 'relaxed' : 'simd'

/** The machine's binary; `url` is its file, or its folder when it ends in a slash. */
export async function readBinary(url?: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  // Spelt out: bundlers follow `new URL` with a constant path.
  const from = url === undefined ? new URL('../../wasm/relaxed.wasm', import.meta.url) : locate(url)
  try {
    const local = typeof from === 'string' || from.protocol === 'file:' ? readFile(from) : undefined
    if (local !== undefined) return local
    const response = await fetch(from)
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    throw new EngineError('the WebAssembly binary cannot be read', {
      where: String(from),
      hint: 'Build it (npm run build), or say where it is with the option wasmUrl.',
      cause,
    })
  }
}

function locate(url: string | URL): string | URL {
  const text = String(url)
  const file = text.endsWith('/') ? `${text}relaxed.wasm` : text
  return URL.canParse(file) ? new URL(file) : file
}

/**
 * The same binary with a custom section at its end. Engines share the code of modules with equal bytes within a
 * process: this one has its own.
 */
export function withName(bytes: Uint8Array<ArrayBuffer>, name: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(name)
  const named = new Uint8Array(bytes.length + text.length + 3)
  named.set(bytes)
  named.set([0, text.length + 1, text.length, ...text], bytes.length)
  return named
}

export async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes)
  } catch (cause) {
    throw new EngineError('this JavaScript runtime cannot compile the WebAssembly binary', {
      expected: 'WebAssembly with SIMD and threads',
      received: cause instanceof Error ? cause.message : String(cause),
      cause,
    })
  }
}

export async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Machine> {
  // The asynchronous one asks for Response, and Node then loads all of its fetch.
  const { exports } = mayBlock() ? loadSync(module, { env: { memory } }) : await load(module, { env: { memory } })
  return exports as unknown as Machine
}

/**
 * The same binary for a memory that is not shared, where an engine refuses shared ones: the limits byte of the
 * imported memory loses its `shared` bit. Atomic instructions work on either.
 */
export function withoutSharing(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice()
  for (const { id, from } of sectionsOf(copy)) {
    if (id !== 2) continue
    const reader = new BinaryReader(copy, from)
    for (let count = reader.leb(); count > 0; count--) {
      for (let name = 0; name < 2; name++) reader.skip()
      const kind = reader.byte()
      if (kind === 0) reader.leb()
      else if (kind === 2) {
        copy[reader.at] = (copy[reader.at] as number) & ~2
        return copy
      } else break
    }
  }
  throw new EngineError('the WebAssembly binary imports no memory')
}
