import { statSync } from 'node:fs'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { init } from '../index.ts'
import { bytes } from './format.ts'
import { packageVersion, processorName, runtimeName } from './machine.ts'
import { paint, type Terminal } from './terminal.ts'

export interface Facts {
  readonly version: string
  readonly runtime: string
  readonly platform: string
  readonly processor: string
  readonly memory: { readonly total: number; readonly free: number }
  readonly threads: number
  /** The build that each way of computing takes here. */
  readonly builds: { readonly fast: string; readonly reproducible: string }
  /** Whether hot kernels run on vectors of 256 bits. */
  readonly wide: boolean
  /** Bytes of the WebAssembly that both builds come from. */
  readonly binary: number
  /** What keeps this machine from full speed, and what to do about it. */
  readonly missing: readonly string[]
}

/** Finds out by starting the engine, not by guessing. */
export async function gatherFacts(): Promise<Facts> {
  const builds: Record<'fast' | 'reproducible', string> = { fast: '', reproducible: '' }
  const missing: string[] = []
  let threads = 1
  let wide = false
  for (const numerics of ['fast', 'reproducible'] as const) {
    const engine = await init({ numerics, wide: true })
    builds[numerics] = engine.runtime.build
    threads = engine.threads
    wide ||= engine.runtime.wide
    if (engine.runtime.notice !== undefined && !missing.includes(engine.runtime.notice))
      missing.push(engine.runtime.notice)
    await engine.close()
  }
  if (builds.fast !== 'relaxed')
    missing.push('No relaxed SIMD, so no fused multiply-add: use Node 22 or later, Deno or Bun.')
  if (!wide)
    missing.push('No vectors of 256 bits: use Node 24 or 26 on a processor with AVX2 for up to twice the speed.')
  if (availableParallelism() === 1) missing.push('One processor: threads cannot help.')
  return {
    version: packageVersion(),
    runtime: runtimeName(),
    platform: `${process.platform} ${process.arch}`,
    processor: processorName(),
    memory: { total: totalmem(), free: freemem() },
    threads,
    builds,
    wide,
    binary: statSync(new URL('../../wasm/relaxed.wasm', import.meta.url)).size,
    missing,
  }
}

export function factLines(facts: Facts, terminal: Terminal): string[] {
  const { version, runtime, platform, processor, memory, threads, builds, wide, binary, missing } = facts
  const rows = [
    ['runtime', `${runtime}, ${platform}`],
    ['processor', processor],
    ['memory', `${bytes(memory.total)}, ${bytes(memory.free)} free`],
    ['threads', `${threads} (--threads auto)`],
    ['fast', `${builds.fast} build${wide ? ', wide (256 bits)' : ''}`],
    ['reproducible', `${builds.reproducible} build`],
    ['binary', bytes(binary)],
  ]
  return [
    paint(terminal, `chainrule ${version}`, 'bold'),
    ...rows.map(([name = '', text = '']) => ` ${paint(terminal, name.padEnd(13), 'dim')}${text}`),
    '',
    ...(missing.length === 0
      ? [paint(terminal, ' Nothing is missing for full speed.', 'green')]
      : missing.map((text) => ` ${paint(terminal, text, 'yellow')}`)),
  ]
}
