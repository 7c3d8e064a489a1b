// What `bench -- runtimes` runs in each runtime, bundled with the library into one file.
import { GEMM_VARIANT, TILE_4X8, TILE_6X8, TILE_6X16 } from '../../src/abi/constants.ts'
import { init, withEngine } from '../../src/index.ts'
import { matches } from './matches.ts'
import { rateOf } from './workloads.ts'

export interface Asked {
  readonly threads: readonly number[]
  readonly wide: boolean
  readonly only: string | undefined
  /** Length of a turn, in seconds. */
  readonly seconds: number
}

export interface Found {
  readonly build: string
  readonly wide: boolean
  /** Of the micro-kernel that calibration settled on. */
  readonly tile: string
  readonly rates: readonly { readonly name: string; readonly threads: number; readonly rate: number }[]
}

const TILES: Readonly<Record<number, string>> = { [TILE_4X8]: '4x8', [TILE_6X8]: '6x8', [TILE_6X16]: '6x16' }

/** Times a second that each workload runs here. */
export async function measure({ threads, wide, only, seconds }: Asked): Promise<Found> {
  const rates: { name: string; threads: number; rate: number }[] = []
  let facts = { build: '', wide: false, tile: '' }
  for (const count of threads) {
    const engine = await init({ threads: count, wide, seed: 1 })
    if (engine.threads !== count) continue
    for (const [name, make] of Object.entries(matches())) {
      if (only !== undefined && !name.toLowerCase().startsWith(only.toLowerCase())) continue
      const match = withEngine(engine, make)
      // The engine of the runtime optimizes what is hot, some of it in the background.
      await rateOf(match.run, seconds)
      rates.push({ name, threads: count, rate: await rateOf(match.run, seconds) })
      match.dispose()
    }
    const { build, memory, wide: is } = engine.runtime
    facts = { build, wide: is, tile: TILES[memory.u32[GEMM_VARIANT >> 2] as number] ?? '' }
    await engine.close()
  }
  return { ...facts, rates }
}
