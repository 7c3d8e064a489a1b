import type { WorkerOptions } from 'node:worker_threads'
import { readFile, type WorkerThreads, workerThreads } from './host.ts'

export interface ThreadReply {
  type: 'ready' | 'done' | 'failed'
  detail: string
}
export interface ThreadHandlers {
  reply(message: ThreadReply): void
  /** The thread is gone, or about to. */
  lost(reason: string): void
}

/** A worker of whatever kind the JavaScript runtime has. */
export interface Thread {
  post(message: unknown): void
  /** Whether a running thread keeps the process alive. */
  hold(on: boolean): void
  terminate(): Promise<unknown>
  /** False when the thread is known to have ended, before its event comes. Ask once while it certainly lives. */
  isAlive(): boolean
}

/** Where the worker's code is: a URL, or its source. */
export interface WorkerCode {
  url?: string | URL | undefined
  source?: string | undefined
}

export function startThread(name: string, code: WorkerCode, handlers: ThreadHandlers): Thread {
  const threads = workerThreads()
  return threads === undefined ? startWeb(name, code, handlers) : startNode(threads, name, code, handlers)
}

/** This module as TypeScript source, in a checkout: not everyone loads a worker of that kind. */
const fromSource: boolean = /\.ts($|\?)/.test(import.meta.url)

function startNode(threads: WorkerThreads, name: string, code: WorkerCode, handlers: ThreadHandlers): Thread {
  const options: WorkerOptions = { name, execArgv: [], env: threads.SHARE_ENV }
  const inline = code.source ?? (fromSource && code.url === undefined ? sourceText() : undefined)
  const worker =
    inline === undefined
      ? new threads.Worker(code.url === undefined ? new URL('./worker.js', import.meta.url) : urlOf(code.url), options)
      : new threads.Worker(inline, { ...options, eval: true })
  worker.on('message', (message: ThreadReply) => handlers.reply(message))
  worker.on('error', (error) => handlers.lost(String(error)))
  worker.on('messageerror', (error) => handlers.lost(String(error)))
  worker.on('exit', (exitCode) => handlers.lost(`it exited with code ${exitCode}`))
  // Node's clock of a thread's event loop says -1 for one that has ended. Deno has none, Bun warns when asked.
  const probe = 'Bun' in globalThis ? undefined : worker.performance
  return {
    post: (message) => worker.postMessage(message),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    terminate: () => worker.terminate(),
    isAlive: () => (probe?.eventLoopUtilization?.().idle ?? 0) >= 0,
  }
}

function startWeb(name: string, code: WorkerCode, handlers: ThreadHandlers): Thread {
  const worker = newWeb(name, code)
  worker.onmessage = (event: MessageEvent<ThreadReply>) => handlers.reply(event.data)
  worker.onerror = (event) => {
    event.preventDefault()
    handlers.lost(event.message || 'its script cannot be loaded')
  }
  worker.onmessageerror = () => handlers.lost('a message to it could not be read')
  return {
    post: (message) => worker.postMessage(message),
    hold: () => {},
    terminate: async () => worker.terminate(),
    isAlive: () => true,
  }
}

function newWeb(name: string, code: WorkerCode): Worker {
  if (code.source !== undefined) {
    const url = URL.createObjectURL(new Blob([code.source], { type: 'text/javascript' }))
    return new Worker(url, { type: 'module', name })
  }
  if (code.url !== undefined) return new Worker(code.url, { type: 'module', name })
  if (fromSource)
    return new Worker(new URL(import.meta.url.replace(/threads\.ts/, 'worker.ts')), { type: 'module', name })
  // Bundlers look for exactly this expression.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name })
}

const urlOf = (url: string | URL): string | URL => (typeof url === 'string' && URL.canParse(url) ? new URL(url) : url)

function sourceText(): string | undefined {
  const bytes = readFile(new URL('./worker.ts', import.meta.url))
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}
