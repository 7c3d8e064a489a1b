// chainrule/inspect: what a step, a model or a file holds, and where its time goes.
export { type DescribedTensor, type Description, describe, describeText } from './describe.ts'
export { type FitMemory, type FitMemoryOptions, fitMemory } from './fit-memory.ts'
export { type FlameOptions, flameChart, timeText } from './flame.ts'
export {
  type ArenaPeak,
  type MemoryItem,
  type MemoryKind,
  type MemoryOwners,
  type MemoryPlan,
  memoryPlan,
  memoryText,
} from './memory.ts'
export { layerNorms } from './norms.ts'
export { type Pass, type Profile, type ProfileEntry, type ProfileOptions, profile } from './profile.ts'
export { chromeTrace } from './trace.ts'
