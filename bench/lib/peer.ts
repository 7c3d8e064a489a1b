import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { exportOnnx } from '../../src/export/index.ts'
import { nn, spec } from '../../src/index.ts'
import { type Built, rateOf, type Workload } from './workloads.ts'

const folder = fileURLToPath(new URL('../compare/', import.meta.url))
const environment = { ...process.env, OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined }

/** A program that runs the workloads in another library; they all speak as bench/compare/peers/protocol.mjs does. */
export interface Library {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** It runs models in ONNX's format. */
  readonly onnx?: boolean
  readonly fits: (task: Task) => boolean
}

/** PyTorch (and NumPy) of the system, or undefined. `CHAINRULE_PYTHON` names a Python that has it. */
export function findTorch(): Library | undefined {
  for (const python of [process.env['CHAINRULE_PYTHON'], 'python3', '/usr/bin/python3'])
    if (python !== undefined)
      try {
        execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore', env: environment })
        return { name: 'PyTorch', command: python, args: [`${folder}torch_steps.py`], fits: () => true }
      } catch {
        // not this one
      }
  return undefined
}

/** The packages of bench/compare, as they are shipped and with the work-arounds that their users know. */
export function javascriptLibraries(): Library[] {
  if (!existsSync(`${folder}node_modules`)) return []
  const node = (name: string, script: string, args: string[] = [], rest: Partial<Library> = {}): Library => ({
    name,
    command: process.execPath,
    args: [`${folder}peers/${script}`, ...args],
    fits: () => true,
    ...rest,
  })
  const trains = (task: Task): boolean => task.task === 'train'
  const convolves = (task: Task): boolean => task.task === 'train' && task.workload.model === 'cnn'
  const runs = { onnx: true, fits: (task: Task): boolean => !trains(task) }
  return [
    node('jax-js', 'jax.mjs'),
    node('jax-js, products of patches', 'jax.mjs', ['--patches'], { fits: convolves }),
    node('TensorFlow.js wasm', 'tensorflow.mjs'),
    node('TensorFlow.js wasm, mended', 'tensorflow.mjs', ['--mended'], { fits: trains }),
    node('TensorFlow.js cpu', 'tensorflow.mjs', ['--cpu']),
    node('onnxruntime-web', 'onnxruntime.mjs', ['--web'], runs),
    node('onnxruntime-node', 'onnxruntime.mjs', [], runs),
  ]
}

/** What the peer process is to do. */
export type Task =
  | { readonly task: 'train' | 'infer'; readonly workload: Workload; readonly built: Built }
  | { readonly task: 'matmul'; readonly n: number }

export interface Answer {
  readonly seconds: number
  /** That of the first of these steps. */
  readonly loss: number
}

/** One task in another library, in a process of its own that rests between the samples. */
export class Peer {
  readonly version: string
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #folder: string
  readonly #complaints: () => string

  static async start(library: Library, task: Task, threads: number): Promise<Peer> {
    const folder = mkdtempSync(join(tmpdir(), 'chainrule-bench-'))
    const file = join(folder, 'data.bin')
    const onnx = library.onnx ? join(folder, 'model.onnx') : undefined
    if (onnx !== undefined) writeFileSync(onnx, modelFile(task))
    const what = task.task === 'matmul' ? task : await described(task)
    writeFileSync(file, task.task === 'matmul' ? '' : await words(task))
    const child = spawn(library.command, library.args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...environment, OMP_NUM_THREADS: String(threads) },
    })
    let complaints = ''
    child.stderr.on('data', (data) => {
      complaints += data
    })
    child.stdin.on('error', () => {
      // It has ended; the next answer says so.
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const peer = new Peer(child, lines, folder, () => complaints)
    child.stdin.write(`${JSON.stringify({ ...what, threads, data: file, onnx })}\n`)
    try {
      const { version } = await peer.#answer<{ version: string }>()
      return new Peer(child, lines, folder, () => complaints, version)
    } catch (error) {
      peer.stop()
      throw error
    }
  }

  private constructor(
    child: ChildProcess,
    lines: AsyncIterator<string>,
    folder: string,
    complaints: () => string,
    version = '',
  ) {
    this.#child = child
    this.#lines = lines
    this.#folder = folder
    this.#complaints = complaints
    this.version = version
  }

  run(steps: number): Promise<Answer> {
    this.#child.stdin?.write(`${steps}\n`)
    return this.#answer()
  }

  /** Steps a second over about `seconds`. */
  rate(seconds: number): Promise<number> {
    return rateOf((times) => this.run(times), seconds)
  }

  async #answer<T = Answer>(): Promise<T> {
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error(reason(this.#complaints()))
      // Libraries print greetings.
      if (value.startsWith('{')) return JSON.parse(value) as T
    }
  }

  stop(): void {
    this.#child.stdin?.end()
    this.#child.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The line of a stack trace that says what went wrong. */
function reason(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const line = lines.find((line) => /Error\b/.test(line)) ?? lines.at(-1) ?? 'it ended without a word'
  return line.trim().slice(0, 200)
}

type Run = Exclude<Task, { task: 'matmul' }>

async function described({ task, workload, built: { x, y, model } }: Run): Promise<object> {
  const parameters = [...(await model.stateDict())].map(([name, { shape }]) => [name, shape])
  return { task, workload: { ...workload, x: [x.shape, x.dtype], y: [y.shape, y.dtype] }, parameters }
}

/** What a task computes, for libraries that run ONNX. */
function modelFile(task: Task): Uint8Array {
  if (task.task !== 'matmul') {
    const { x, model } = task.built
    return exportOnnx(model, { x: spec(x.shape, x.dtype) }, { batch: 'fixed' })
  }
  const { n } = task
  return exportOnnx(nn.linear(n, n, { bias: false }), { x: spec([n, n]) }, { batch: 'fixed' })
}

/** Inputs, targets and parameters, as PyTorch lays them out. */
async function words({ built: { x, y, model } }: Run): Promise<Buffer> {
  const parts = [x.dataSync(), y.dataSync(), ...[...(await model.stateDict())].map(([, { data }]) => data)]
  return Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
}
