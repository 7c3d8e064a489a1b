// What the JavaScript runtime around us offers. Node, Deno and Bun share one path; bundlers do not see it.

export type WorkerThreads = typeof import('node:worker_threads')

function builtin<Id extends keyof BuiltinModules>(id: Id): BuiltinModules[Id] | undefined {
  return (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.(id) as BuiltinModules[Id] | undefined
}
interface BuiltinModules {
  'node:worker_threads': WorkerThreads
  'node:fs': typeof import('node:fs')
  'node:os': typeof import('node:os')
  'node:v8': typeof import('node:v8')
}

export const workerThreads = (): WorkerThreads | undefined => builtin('node:worker_threads')

/** The bytes of a file, where there is a file system; undefined where there is none. */
export function readFile(path: string | URL): Uint8Array<ArrayBuffer> | undefined {
  const fs = builtin('node:fs')
  return fs === undefined ? undefined : new Uint8Array(fs.readFileSync(path))
}

/** Node 20 knows relaxed SIMD behind a flag. Newer engines warn about it, so ask them first. */
export function enableRelaxedSimd(): void {
  builtin('node:v8')?.setFlagsFromString?.('--experimental-wasm-relaxed-simd')
}

/** Versions of V8 whose revectorizer is tested on these kernels: a compiler that fails ends the process. */
const WIDE_V8 = [13, 14]

export interface WideSwitch {
  /** Main version of V8. */
  readonly v8: number
  readonly set: (on: boolean) => void
}

/** How the revectorizer of V8 is switched, for the whole process; undefined where there is none to rely on. */
export function wideSwitch(): WideSwitch | undefined {
  const versions = (globalThis as { process?: NodeJS.Process }).process?.versions
  const set = builtin('node:v8')?.setFlagsFromString
  if (versions?.v8 === undefined || versions.bun !== undefined || versions.deno !== undefined) return undefined
  const v8 = Number.parseInt(versions.v8, 10)
  if (set === undefined || !WIDE_V8.includes(v8)) return undefined
  return { v8, set: (on) => set(`--${on ? '' : 'no-'}experimental-wasm-revectorize`) }
}

/** Whether this is Node or Bun, and NODE_ENV does not say that it is production. */
export function inDevelopment(): boolean {
  const { process } = globalThis as { process?: NodeJS.Process }
  // Deno would ask its user for the variable
  if (process?.versions?.node === undefined || process.versions.deno !== undefined) return false
  return process.env?.['NODE_ENV'] !== 'production'
}

const MOST_THREADS = 16

/** Hardware threads we may use, within reason. */
export function hardwareThreads(): number {
  const count =
    builtin('node:os')?.availableParallelism?.() ??
    (globalThis as { navigator?: Navigator }).navigator?.hardwareConcurrency
  return Math.max(1, Math.min(MOST_THREADS, count ?? 1))
}

/** Whether this thread may block; the main thread of a page may not. */
export function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0)
    return true
  } catch {
    // Without shared memory there is nothing to ask with; only pages have a document.
    return typeof SharedArrayBuffer !== 'function' && typeof document === 'undefined'
  }
}

/** Whether other threads can share our memory. Only browsers know (and ask for) cross-origin isolation. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer !== 'function') return false
  return workerThreads() !== undefined || globalThis.crossOriginIsolated === true
}

/** Lets timers and messages in between two slices of work. */
export function nextTurn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => void setImmediate(resolve))
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(0)
  })
}
