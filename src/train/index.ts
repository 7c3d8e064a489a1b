export type { Best, Checkpoint, Json, Progress, StateOwner } from './checkpoint.ts'
export { decodeCheckpoint, encodeCheckpoint } from './checkpoint-bytes.ts'
export { CompiledModel, type CompileOptions, compile } from './compile.ts'
export {
  type EvaluateOptions,
  type Evaluation,
  Evaluator,
  evaluate,
} from './evaluate.ts'
export type { BeginEvent, DoneEvent, EpochEvent, FitEvent, FitResult, StepEvent } from './events.ts'
export { hashState } from './hash.ts'
export type { Metric, Metrics, Sums, Values } from './metric.ts'
export { mean } from './metric-rows.ts'
export { accuracy, meanAbsoluteError, meanSquaredError, perplexity, r2, topK } from './metrics.ts'
export { type AucOptions, auc } from './metrics-auc.ts'
export {
  type Average,
  type Confusion,
  confusion,
  f1,
  precision,
  recall,
  type ScoreOptions,
} from './metrics-classes.ts'
export type {
  Callbacks,
  CheckpointOptions,
  CheckpointTarget,
  FitOptions,
  OwnStep,
  Running,
  RunOptions,
} from './options.ts'
export { type Prediction, type PredictOptions, predict, predictions } from './predict.ts'
export type { Flow, GradientFunction, LossFunction, StepOptions, Watched } from './step.ts'
export type { EarlyStopping } from './stopping.ts'
export { fit, Trainer } from './trainer.ts'
