import { instantiate as load } from '@assemblyscript/loader'
import { EngineError } from '../errors.ts'
import { enableRelaxedSimd, readFile } from './host.ts'

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
  relaxed(): number
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

// Spelt out: bundlers follow `new URL` with a constant path.
const defaultUrl = (build: Build): URL =>
  build === 'relaxed'
    ? new URL('../../wasm/relaxed.wasm', import.meta.url)
    : new URL('../../wasm/simd.wasm', import.meta.url)

/** The binary of a build; `url` is its file, or the folder of both when it ends in a slash. */
export async function readBinary(build: Build, url?: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const from = url === undefined ? defaultUrl(build) : locate(url, build)
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

function locate(url: string | URL, build: Build): string | URL {
  const text = String(url)
  const file = text.endsWith('/') ? `${text}${build}.wasm` : text
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
  const { exports } = await load(module, { env: { memory } })
  return exports as unknown as Machine
}

/**
 * The same binary for a memory that is not shared, where an engine refuses shared ones: the limits byte of the
 * imported memory loses its `shared` bit. Atomic instructions work on either.
 */
export function withoutSharing(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice()
  let at = 8
  const leb = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = copy[at++] as number
      value |= (byte & 127) << shift
      if (byte < 128) return value
    }
  }
  const skipName = (): void => {
    const length = leb()
    at += length
  }
  while (at < copy.length) {
    const section = copy[at++]
    const end = leb() + at
    if (section === 2) {
      for (let count = leb(); count > 0; count--) {
        skipName()
        skipName()
        const kind = copy[at++]
        if (kind === 0) leb()
        else if (kind === 2) {
          copy[at] = (copy[at] as number) & ~2
          return copy
        } else break
      }
    }
    at = end
  }
  throw new EngineError('the WebAssembly binary imports no memory')
}
