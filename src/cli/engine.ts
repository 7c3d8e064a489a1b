import { type Engine, init } from '../index.ts'
import type { ModelFile } from './model-file.ts'

/** An engine that computes as the one that trained the model did. */
export function engineFor({ metadata }: ModelFile, threads: number | 'auto'): Promise<Engine> {
  const reproducible = metadata.get('chainrule.config')?.includes('"numerics":"reproducible"') === true
  return init({ threads, wide: true, numerics: reproducible ? 'reproducible' : 'fast' })
}
