import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Tensor } from '../../src/index.ts'
import type { Workload } from './workloads.ts'

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

/** One workload in PyTorch, in a process of its own that rests between the samples. */
export class TorchSteps {
  readonly version: string
  private readonly child: ChildProcess
  private readonly lines: AsyncIterator<string>
  private readonly folder: string
  /** The loss that the last sample started from. */
  loss: number = Number.NaN

  static async start(
    python: string,
    workload: Workload,
    data: readonly Tensor[],
    threads: number,
  ): Promise<TorchSteps> {
    const folder = mkdtempSync(join(tmpdir(), 'chainrule-bench-'))
    const file = join(folder, 'data.bin')
    writeFileSync(file, Buffer.concat(data.map((part) => Buffer.from(part.dataSync().buffer))))
    const child = spawn(python, [script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...environment, OMP_NUM_THREADS: String(threads) },
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stdin.write(`${JSON.stringify({ workload, threads, data: file })}\n`)
    const { version } = JSON.parse((await lines.next()).value as string) as { version: string }
    return new TorchSteps(child, lines, folder, version)
  }

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, folder: string, version: string) {
    this.child = child
    this.lines = lines
    this.folder = folder
    this.version = version
  }

  async run(steps: number): Promise<{ seconds: number; loss: number }> {
    this.child.stdin?.write(`${steps}\n`)
    return JSON.parse((await this.lines.next()).value as string) as { seconds: number; loss: number }
  }

  /** Steps a second over about `seconds`. */
  async rate(seconds: number): Promise<number> {
    const trial = await this.run(20)
    this.loss = trial.loss
    const steps = Math.max(10, Math.ceil((20 / trial.seconds) * seconds))
    return steps / (await this.run(steps)).seconds
  }

  stop(): void {
    this.child.stdin?.end()
    this.child.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
