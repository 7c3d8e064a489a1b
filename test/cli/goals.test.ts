import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The mean accuracy on held-out rows over seeds from 1 on; two processes at a time, the same bits on every machine. */
async function meanAccuracy(line: string, seeds: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'chainrule-goal-'))
  const reached: number[] = []
  const lane = async (first: number): Promise<void> => {
    for (let seed = first; seed <= seeds; seed += 2) {
      const flags = ['--seed', String(seed), '--json', '--no-report', '--numerics', 'reproducible', '--threads', '1']
      const args = ['dist/bundle/main.js', ...line.split(' '), ...flags, '--out', join(folder, `${seed}.safetensors`)]
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
      const done = JSON.parse(stdout.trimEnd().split('\n').at(-1) as string) as { testAccuracy: number }
      reached.push(done.testAccuracy)
    }
  }
  try {
    await Promise.all([lane(1), lane(2)])
  } finally {
    await rm(folder, { recursive: true })
  }
  expect(reached).toHaveLength(seeds)
  return reached.reduce((sum, accuracy) => sum + accuracy, 0) / seeds
}

test('iris from the command line: at least 0.95 on held-out rows, as a mean over 20 seeds', async () => {
  expect(await meanAccuracy('train data/iris/iris.csv --target species', 20)).toBeGreaterThanOrEqual(0.95)
}, 300_000)

// In place of MNIST, which is not part of the project: `npm run accept -- mnist` has that.
test('a CNN from the command line: at least 0.975 on held-out digits, as a mean over 2 seeds', async () => {
  expect(await meanAccuracy('train --model cnn --epochs 30', 2)).toBeGreaterThanOrEqual(0.975)
}, 300_000)
