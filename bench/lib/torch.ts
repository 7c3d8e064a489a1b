import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Built, rateOf, type Workload } from './workloads.ts'

const script = fileURLToPath(new URL('../compare/torch_steps.py', import.meta.url))
const environment = { ...process.env, OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined }

/** A Python that has PyTorch, or undefined. `CHAINRULE_PYTHON` names one. */
export function findTorch(): string | undefined {
  for (const python of [process.env['CHAINRULE_PYTHON'], 'python3', '/usr/bin/python3'])
    if (python !== undefined)
      try {
        execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore', env: environment })
        return python
      } catch {
        // not this one
      }
  return undefined
}

/** What the peer process is to do; see bench/compare/torch_steps.py. */
export type Task =
  | { readonly task: 'train' | 'infer'; readonly workload: Workload; readonly built: Built }
  | { readonly task: 'matmul'; readonly n: number }

/** One task in PyTorch or NumPy, in a process of its own that rests between the samples. */
export class Peer {
  readonly version: string
  private readonly child: ChildProcess
  private readonly lines: AsyncIterator<string>
  private readonly folder: string

  static async start(python: string, task: Task, threads: number): Promise<Peer> {
    const folder = mkdtempSync(join(tmpdir(), 'chainrule-bench-'))
    const file = join(folder, 'data.bin')
    const spec = task.task === 'matmul' ? task : await described(task)
    writeFileSync(file, task.task === 'matmul' ? '' : await words(task))
    const child = spawn(python, [script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...environment, OMP_NUM_THREADS: String(threads) },
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stdin.write(`${JSON.stringify({ ...spec, threads, data: file })}\n`)
    const { version } = JSON.parse((await lines.next()).value as string) as { version: string }
    return new Peer(child, lines, folder, version)
  }

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, folder: string, version: string) {
    this.child = child
    this.lines = lines
    this.folder = folder
    this.version = version
  }

  /** `loss` is that of the first of these steps. */
  async run(steps: number): Promise<{ seconds: number; loss: number }> {
    this.child.stdin?.write(`${steps}\n`)
    return JSON.parse((await this.lines.next()).value as string) as { seconds: number; loss: number }
  }

  /** Steps a second over about `seconds`. */
  rate(seconds: number): Promise<number> {
    return rateOf((times) => this.run(times), seconds)
  }

  stop(): void {
    this.child.stdin?.end()
    this.child.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

type Run = Exclude<Task, { task: 'matmul' }>

async function described({ task, workload, built: { x, y, model } }: Run): Promise<object> {
  const parameters = [...(await model.stateDict())].map(([name, { shape }]) => [name, shape])
  return { task, workload: { ...workload, x: [x.shape, x.dtype], y: [y.shape, y.dtype] }, parameters }
}

/** Inputs, targets and parameters, as PyTorch lays them out. */
async function words({ built: { x, y, model } }: Run): Promise<Buffer> {
  const parts = [x.dataSync(), y.dataSync(), ...[...(await model.stateDict())].map(([, { data }]) => data)]
  return Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
}
