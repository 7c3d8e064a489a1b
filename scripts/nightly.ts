// What takes too long for every change, for a machine that has the night: `npm run nightly [-- STAGE ..]`, by default all
// stages. Each runs to its end; exits 1 if one of them failed. `--list` prints their names.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Stage {
  readonly what: string
  readonly command: string
  readonly args: readonly string[]
}

/** Mutants of another seed every night. */
const seed = String(Math.floor(Date.now() / 86_400_000))

const stages: Readonly<Record<string, Stage>> = {
  accuracy: {
    what: 'the vector functions over all 2^32 numbers of float32, in both builds',
    command: 'npx',
    args: ['tsx', 'scripts/accuracy.ts', '--all'],
  },
  mutate: {
    what: `220 mutants of the kernels, seed ${seed}: 95 % or more are caught`,
    command: 'npm',
    args: ['run', 'mutate', '--', '--count', '220', '--seed', seed],
  },
  accept: {
    what: 'whole examples and what they reach, the long ones too',
    command: 'npm',
    args: ['run', 'accept', '--', '--long'],
  },
}

const root = fileURLToPath(new URL('..', import.meta.url))
const asked = process.argv.slice(2)
if (asked.includes('--list')) {
  console.log(Object.keys(stages).join('\n'))
  process.exit()
}
const unknown = asked.filter((name) => !Object.hasOwn(stages, name))
if (unknown.length > 0) throw new Error(`no such stage: ${unknown}; there are ${Object.keys(stages)}`)

const results = Object.entries(stages)
  .filter(([name]) => asked.length === 0 || asked.includes(name))
  .map(([name, { what, command, args }]) => {
    console.log(`\n${name}: ${what}`)
    const begun = performance.now()
    const { status, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1)
    return {
      name,
      ok: status === 0,
      line: `${name}: ${status === 0 ? 'ok' : `FAILED with ${signal ?? status}`}, ${minutes} min`,
    }
  })
console.log(`\n${results.map(({ line }) => line).join('\n')}`)
if (results.some(({ ok }) => !ok)) process.exitCode = 1
