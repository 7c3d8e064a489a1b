// Adds up what the stages of .ci/run counted. A stage that broke off before it could count is one failure.
import { existsSync, readFileSync } from 'node:fs'

const status = Number(process.argv[2])
let passed = 0
let failed = 0
for (const stage of ['vitest', 'runtimes', 'job']) {
  const file = new URL(`../.build/${stage}.json`, import.meta.url)
  const counts: Record<string, number> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { failed: 1 }
  passed += counts['passed'] ?? counts['numPassedTests'] ?? 0
  failed += counts['failed'] ?? counts['numFailedTests'] ?? 0
  // A test file that cannot be loaded fails without a test of its own.
  if (counts['numFailedTests'] === 0 && (counts['numFailedTestSuites'] ?? 0) > 0) failed++
}
if (status !== 0 && failed === 0) failed = 1
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
console.log(`${passed} passed, ${failed} failed`)
