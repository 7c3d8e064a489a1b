import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DataError } from '../../src/errors.ts'
import { checkWritable, writeFileAtomic } from '../../src/io/node-write.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainrule-write-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('writeFileAtomic', () => {
  test('creates and replaces, and leaves nothing else behind', async () => {
    const path = join(folder, 'model.bin')
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3))
    expect([...readFileSync(path)]).toEqual([1, 2, 3])
    writeFileSync(path, 'old', { mode: 0o640 })
    await writeFileAtomic(path, 'new')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readdirSync(folder)).toEqual(['model.bin'])
  })

  test('keeps the permissions of the file it replaces', async () => {
    const path = join(folder, 'a')
    writeFileSync(path, '')
    const before = statSync(path).mode
    await writeFileAtomic(path, 'b')
    expect(statSync(path).mode).toBe(before)
  })

  test('replaces the file a link points at, not the link', async () => {
    writeFileSync(join(folder, 'target'), 'old')
    symlinkSync('target', join(folder, 'link'))
    await writeFileAtomic(join(folder, 'link'), 'new')
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('new')
  })

  test.each([writeFileAtomic, (path: string) => checkWritable(path)])('names a path it cannot write', async (write) => {
    mkdirSync(join(folder, 'sub'))
    await expect(write(join(folder, 'none', 'a'), 'x')).rejects.toThrow(
      /none\/a: cannot write.*: no such file or folder/,
    )
    await expect(write(join(folder, 'sub'), 'x')).rejects.toThrow(DataError)
    expect(readdirSync(folder)).toEqual(['sub'])
  })

  test('checkWritable changes nothing', async () => {
    await checkWritable(join(folder, 'new'))
    expect(readdirSync(folder)).toEqual([])
    writeFileSync(join(folder, 'old'), 'content')
    await checkWritable(join(folder, 'old'))
    expect(readFileSync(join(folder, 'old'), 'utf8')).toBe('content')
    await checkWritable('/dev/null')
  })
})

describe('a process killed while it writes', () => {
  test('leaves the old content or the new, whole', async () => {
    const path = join(folder, 'model.bin')
    const size = 200_000
    writeFileSync(path, new Uint8Array(size).fill(1))
    const seen = new Set<number>()
    for (let round = 0; round < 8; round++) {
      await killedWriter(path, size, 5 + round * 7)
      const content = readFileSync(path)
      expect(content).toHaveLength(size)
      expect(new Set(content).size).toBe(1)
      seen.add(content[0] as number)
    }
    expect(Math.max(...seen)).toBeGreaterThan(1)
  }, 60_000)
})

/** A process that replaces the file again and again, killed `delay` ms after its first write. */
function killedWriter(path: string, size: number, delay: number): Promise<void> {
  const module = fileURLToPath(new URL('../../src/io/node-write.ts', import.meta.url))
  const script = `const { writeFileAtomic } = await import(${JSON.stringify(module)})
    for (let i = 2; ; i = 2 + (i + 1) % 200) { await writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(${size}).fill(i)); console.log(i) }`
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    child.stdout?.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay))
    child.on('exit', () => resolve())
  })
}
