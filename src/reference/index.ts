/**
 * chainrule/reference: what every operation computes, as slow and plain loops in f64. It is the oracle of the tests
 * and of checkGradients, and needs no engine.
 */
export { Evaluation, evaluate, type Feed, type GraphNode, type GraphValue, type Observer } from './interpret.ts'
export { kinks, type Pieces } from './kinks.ts'
export { type ReferenceName, references } from './references.ts'
export type { Attrs, Reference, RefTensor } from './tensor.ts'
