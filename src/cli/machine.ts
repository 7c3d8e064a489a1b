import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'

/** The package's own version. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Such as 'Node 20.20.2'. */
export function runtimeName(): string {
  const { deno, bun, node } = process.versions as Record<string, string | undefined>
  if (deno !== undefined) return `Deno ${deno}`
  if (bun !== undefined) return `Bun ${bun}`
  return `Node ${node}`
}

export function processorName(): string {
  const model = cpus()[0]?.model.replace(/\s+/g, ' ').trim()
  return `${availableParallelism()} x ${model ? model : 'unknown processor'}`
}

/** Where a run took place, in one line. */
export function machineLine(): string {
  return `${runtimeName()}, ${process.platform} ${process.arch}, ${processorName()}`
}
