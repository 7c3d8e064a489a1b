import { DataError } from '../errors.ts'
import type { State } from '../nn/state.ts'
import type { Engine } from '../program/engine.ts'
import type { Checkpoint, Owners, Progress } from './checkpoint.ts'
import type { Kit } from './kit.ts'

/** Whether a run goes on with the same bits: it needs the same build, order of rows and batches. */
export function checkRun(
  engine: Engine,
  checkpoint: Checkpoint,
  facts: Progress['data'],
  { seed, anyBuild }: { readonly seed?: number | undefined; readonly anyBuild?: boolean | undefined },
): void {
  checkBuild(checkpoint, engine, anyBuild ?? false)
  const { progress } = checkpoint
  if (progress.seed !== undefined && seed !== undefined && progress.seed !== seed)
    throw differs('seed', progress.seed, seed)
  for (const name of ['rows', 'batch'] as const)
    if (progress.data[name] !== facts[name]) throw differs(name, progress.data[name], facts[name])
}

/** States at one moment: all reads are asked for before the first is awaited. */
export async function readOwners({ model, parts }: Owners): Promise<Pick<Checkpoint, 'model' | 'parts'>> {
  const names = [...parts.keys()]
  const [state, ...others] = await Promise.all([model.stateDict(), ...[...parts.values()].map((p) => p.stateDict())])
  return { model: state as State, parts: new Map(names.map((name, i) => [name, others[i] as State])) }
}

/** Puts all states back, or none: where something does not fit, everything is as before. */
export async function loadOwners(
  { withEngine }: Kit,
  engine: Engine,
  checkpoint: Pick<Checkpoint, 'model' | 'parts'>,
  owners: Owners,
): Promise<void> {
  const [saved, here] = [[...checkpoint.parts.keys()].sort(), [...owners.parts.keys()].sort()]
  if (saved.join() !== here.join())
    throw new DataError('the checkpoint is of a run with other parts', {
      where: 'resume',
      expected: here.join(', ') || 'none',
      received: saved.join(', ') || 'none',
      hint: 'Pass the optimizer, ema and state that it was saved with.',
    })
  const before = await readOwners(owners)
  const load = ({ model, parts }: typeof before): void =>
    withEngine(engine, () => {
      owners.model.loadStateDict(model)
      for (const [name, part] of owners.parts) part.loadStateDict(parts.get(name) as State)
    })
  try {
    load(checkpoint)
  } catch (error) {
    load(before)
    throw error
  }
}

/** Another build rounds differently: going on with it is refused unless it is asked for. */
function checkBuild(checkpoint: Checkpoint, engine: Engine, anyBuild: boolean): void {
  const { build } = engine.runtime
  if (checkpoint.build === build || anyBuild) return
  const numerics = checkpoint.build === 'simd' ? 'reproducible' : 'fast'
  throw new DataError('the checkpoint is of another build of the machine, whose last bits differ', {
    where: 'resume',
    expected: `the ${checkpoint.build} build`,
    received: `the ${build} build`,
    hint: `Start with init({ numerics: '${numerics}' }) to go on with the same bits, or resume with anyBuild: true.`,
  })
}

const differs = (what: string, saved: unknown, here: unknown): DataError =>
  new DataError(`the checkpoint is of a run with another ${what}`, {
    where: 'resume',
    expected: String(saved),
    received: String(here),
    hint: 'Only with the same data and batches does a run go on with the same bits.',
  })
