// The main job from the outside: `npm start` trains on the embedded digits, reports and writes its files; the same seed
// gives the same weights on one thread and on two; bad input ends with a sentence.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'chainrule-job-'))
const counts = { passed: 0, failed: 0 }

interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(cwd: string, command: string, ...args: string[]): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

function check(name: string, holds: boolean, detail: string): void {
  counts[holds ? 'passed' : 'failed']++
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${name}${holds ? '' : `: ${detail}`}`)
}

interface Done {
  readonly event: string
  readonly testAccuracy: number
  readonly threads: number
  readonly weightsHash: string
}

function lastEvent(stdout: string): Done | undefined {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Done
  } catch {
    return undefined
  }
}

const outputs = ['model.safetensors', 'report.html']
for (const name of outputs) rmSync(join(root, name), { force: true })
const start = await run(root, 'npm', 'start')
check('npm start ends well', start.code === 0, `code ${start.code}\n${start.stdout}${start.stderr}`)
check('npm start reports the accuracy', /accuracy/i.test(start.stdout), start.stdout)
for (const name of outputs) check(`npm start writes ${name}`, existsSync(join(root, name)), 'not there')
if (existsSync(join(root, 'model.safetensors'))) {
  const model = readFileSync(join(root, 'model.safetensors'))
  const length = Number(model.readBigUInt64LE(0))
  const header = JSON.parse(model.subarray(8, 8 + length).toString()) as Record<string, { data_offsets?: number[] }>
  const end = Math.max(...Object.values(header).map((entry) => entry.data_offsets?.[1] ?? 0))
  check('model.safetensors is whole', end > 0 && model.length === 8 + length + end, `${model.length} bytes`)
}
for (const name of outputs) rmSync(join(root, name), { force: true })

const cli = join(root, 'dist/bundle/main.js')
const seeded = ['train', '--json', '--numerics', 'reproducible', '--seed', '3']
const runs: Done[] = []
for (const threads of [1, 2]) {
  const { code, stdout, stderr } = await run(folder, process.execPath, cli, ...seeded, '--threads', String(threads))
  const done = lastEvent(stdout)
  check(`train --json --threads ${threads}`, code === 0 && done?.event === 'done', `code ${code}\n${stdout}${stderr}`)
  if (done) runs.push(done)
}
for (const done of runs)
  check(`accuracy on ${done.threads} thread(s)`, done.testAccuracy >= 0.96, `${done.testAccuracy} is below 0.96`)
const hashes = new Set(runs.map((done) => done.weightsHash))
check('one seed, one hash', runs.length === 2 && hashes.size === 1, [...hashes].join(' and '))

writeFileSync(join(folder, 'train-images-idx3-ubyte'), 'not an IDX file')
for (const [wanted, ...args] of [
  [2, 'train', '--epoch', '2'],
  [2, 'train', '--lr', 'fast'],
  [1, 'train', '--data', join(folder, 'missing')],
  [1, 'train', '--data', folder],
] as const) {
  const { code, stdout, stderr } = await run(folder, process.execPath, cli, ...args)
  const quiet = code === wanted && stderr.trim() !== '' && !/^\s+at /m.test(stderr)
  check(`chainrule ${args.join(' ')} is refused`, quiet, `code ${code}\n${stdout}${stderr}`)
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(join(root, '.build'), { recursive: true })
writeFileSync(join(root, '.build/job.json'), JSON.stringify(counts))
if (counts.failed > 0) process.exitCode = 1
