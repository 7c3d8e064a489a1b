// Runs test files for scripts/mutate.ts, one after the other: Vitest and what it has transformed stay.
import { createVitest } from 'vitest/node'
import type { Suite } from './mutate-suites.ts'

const vitest = await createVitest('test', { watch: false, bail: 1, maxWorkers: 1, reporters: [{}] })
await vitest.standalone()

/** The first test that fails; undefined if all pass. */
async function run({ file, names }: Suite): Promise<string | undefined> {
  const specifications = await vitest.globTestSpecifications([file])
  if (specifications.length === 0) throw new Error(`no tests in ${file}`)
  if (names === undefined) vitest.resetGlobalTestNamePattern()
  else vitest.setGlobalTestNamePattern(new RegExp(names))
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications)
  // those of earlier runs are among them
  const ran = testModules.filter((module) => module.moduleId.endsWith(file))
  if (ran.length !== 1) throw new Error(`${file} did not run`)
  for (const module of ran) {
    if (module.state() === 'skipped' || module.state() === 'pending') throw new Error(`${file} is ${module.state()}`)
    for (const test of module.children.allTests('failed')) return test.fullName
    for (const error of module.errors()) return error.message
    for (const suite of module.children.allSuites()) for (const error of suite.errors()) return error.message
    if (module.state() === 'failed') return 'the file'
  }
  return unhandledErrors.length > 0 ? String(unhandledErrors[0]) : undefined
}

process.on('message', (suite: Suite) => {
  run(suite).then(
    (failed) => process.send?.({ failed: failed ?? null }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.({ ready: true })
