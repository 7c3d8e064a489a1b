export { type GradientFunction, type TrainOptions, trainClassifier } from './classifier.ts'
export { type Evaluation, Evaluator } from './evaluate.ts'
export type { Confusion, DoneEvent, EpochEvent, StepEvent, TrainEvent } from './events.ts'
export { hashState } from './hash.ts'
