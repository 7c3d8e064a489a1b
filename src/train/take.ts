import type { Checkpoint } from './checkpoint.ts'
import type { Kit } from './kit.ts'
import type { Metrics } from './metric.ts'
import { loadOwners, readOwners } from './resume.ts'
import type { Run } from './run.ts'

/** The run as it is now, as plain data. */
export async function takeCheckpoint<K extends string, M extends Metrics>(run: Run<K, M>): Promise<Checkpoint> {
  if (run.last !== undefined) return run.last
  const { engine, opened, options } = run
  await engine.flushAsync()
  const { model, parts } = await readOwners(run.owners)
  const { progress, ...done } = run.record.save()
  return {
    build: engine.runtime.build,
    progress: { ...progress, seed: opened?.seed, data: opened?.facts ?? {}, trainSeconds: run.pace.seconds },
    model,
    parts,
    generators: run.generators.words(),
    tally: await run.tally.save(),
    ...done,
    preprocessing: options.preprocessing,
    config: options.config,
  }
}

/** Puts the run to where it was. */
export async function restoreRun<K extends string, M extends Metrics>(
  kit: Kit,
  run: Run<K, M>,
  from: Checkpoint,
): Promise<void> {
  const { engine } = run
  await loadOwners(kit, engine, from, run.owners)
  await engine.flushAsync()
  run.generators.load(from.generators)
  run.tally.load(from.tally)
  run.record.load(from)
  run.pace.seconds = from.progress.trainSeconds
}
