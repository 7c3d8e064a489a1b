import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('./products-after-a-barrier.ts', import.meta.url))

test.each([['--liftoff-only'], ['--no-liftoff']])('threads that slept at a barrier go on rightly with %s', (flag) => {
  const { stdout, stderr } = spawnSync(process.execPath, [flag, '--import', 'tsx', script], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({ threads: 4, barriers: 1, wrong: 0 })
})
