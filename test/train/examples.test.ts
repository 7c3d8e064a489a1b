import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const files = readdirSync(`${root}/examples`).filter((name) => name.endsWith('.ts'))

/** Runs an example as a user does, for a few steps, against the sources. */
async function run(file: string): Promise<string> {
  const args = ['--import', 'tsx', `examples/${file}`, '4']
  const env = { ...process.env, TSX_TSCONFIG_PATH: 'tsconfig.check.json' }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env, timeout: 50_000 })
  expect(stderr).toBe('')
  return stdout
}

describe('examples', () => {
  it('are there', () => expect(files.length).toBeGreaterThanOrEqual(7))

  it.each(files)('%s', async (file) => {
    const text = await run(file)
    expect(text.trim()).not.toBe('')
    expect(text).not.toMatch(/NaN|undefined|\[object/)
  })
})
