// A headless Chromium and the few commands of its DevTools protocol that the tests need, over a pipe.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const path = '/usr/bin/chromium'
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
]

interface Message {
  id?: number
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { message: string }
}

/** Installs Debian's Chromium where it is missing. */
export function installChromium(): void {
  if (existsSync(path)) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'], env })
  const install = ['install', '-y', '-qq', '--no-install-recommends', 'chromium']
  execFileSync('apt-get', install, { stdio: ['ignore', 'ignore', 'inherit'], env })
}

export class Chromium {
  readonly #profile = mkdtempSync(join(tmpdir(), 'chainrule-chromium-'))
  readonly #process: ChildProcess
  readonly #pending = new Map<
    number,
    { resolve: (result: Record<string, unknown>) => void; reject: (e: Error) => void }
  >()
  readonly #complaints: string[] = []
  #last = 0

  constructor() {
    const args = [...flags, `--user-data-dir=${this.#profile}`, 'about:blank']
    this.#process = spawn(path, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    let text = ''
    const replies = this.#process.stdio[4] as Readable
    replies.setEncoding('utf8')
    replies.on('data', (chunk: string) => {
      const parts = (text + chunk).split('\0')
      text = parts.pop() as string
      for (const part of parts) this.#receive(JSON.parse(part) as Message)
    })
    const gone = (why: string) => {
      for (const { reject } of this.#pending.values()) reject(new Error(`Chromium ${why}`))
      this.#pending.clear()
    }
    this.#process.on('error', (error) => gone(error.message))
    this.#process.on('exit', (code) => gone(`ended with code ${code}`))
  }

  /** Opens a page and waits until `expression` has a value there, which it returns; what the page printed if it never has. */
  async evaluate<T>(url: string, expression: string, timeout = 60_000): Promise<T> {
    this.#complaints.length = 0
    const { targetId } = await this.#send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.#send('Target.attachToTarget', { targetId, flatten: true })
    const session = sessionId as string
    await this.#send('Runtime.enable', {}, session)
    await this.#send('Page.navigate', { url }, session)
    const end = Date.now() + timeout
    try {
      while (Date.now() < end) {
        const found = await this.#send('Runtime.evaluate', { expression, returnByValue: true }, session)
        const value = (found['result'] as { value?: T }).value
        if (value !== undefined && value !== null) return value
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    } finally {
      await this.#send('Target.closeTarget', { targetId })
    }
    throw new Error(`nothing from ${url} within ${timeout} ms; it printed: ${this.#complaints.join('; ') || 'nothing'}`)
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null) {
      const exit = new Promise((resolve) => this.#process.once('exit', resolve))
      const impatience = setTimeout(() => this.#process.kill('SIGKILL'), 5000)
      await Promise.all([exit, this.#send('Browser.close', {}).catch(() => {})])
      clearTimeout(impatience)
    }
    // Its helpers may write for a moment longer; what then is left is in the system's temporary folder.
    for (let tries = 0; tries < 20; tries++) {
      try {
        rmSync(this.#profile, { recursive: true, force: true })
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }

  #send(method: string, params: Record<string, unknown>, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      if (this.#process.exitCode !== null) return reject(new Error('Chromium has ended'))
      this.#pending.set(id, { resolve, reject })
      const pipe = this.#process.stdio[3] as Writable
      pipe.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`)
    })
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (method === 'Runtime.exceptionThrown' || method === 'Runtime.consoleAPICalled')
      this.#complaints.push(JSON.stringify(params).slice(0, 1000))
    const waiting = id === undefined ? undefined : this.#pending.get(id)
    if (waiting === undefined) return
    this.#pending.delete(id as number)
    if (error) waiting.reject(new Error(error.message))
    else waiting.resolve(result ?? {})
  }
}
