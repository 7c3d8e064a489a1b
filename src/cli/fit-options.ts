// What fit is asked for, by the run and by its plan.
import { numericGradients } from '../check/index.ts'
import { layerNorms } from '../inspect/norms.ts'
import type { FitOptions, Metrics } from '../train/index.ts'
import type { Job } from './jobs/job.ts'
import type { Network } from './models.ts'
import { buildOptimizer, penaltyOf } from './optimizer.ts'
import type { TrainOptions } from './train-options.ts'

/** The parts of a job that a run is made of: how it is told what it learnt is not among them. */
export type FitJob = Pick<Job, 'train' | 'watched' | 'batch' | 'loss' | 'metrics' | 'patience' | 'stepsPerEpoch'>

/** The options of fit, but for checkpoints. */
export function fitOptionsOf(model: Network, job: FitJob, options: TrainOptions): FitOptions<'x' | 'y', Metrics> {
  const numeric = options.gradients === 'numeric'
  return {
    validation: job.watched,
    loss: job.loss,
    metrics: job.metrics,
    optimizer: buildOptimizer(model, options, options.epochs * job.stepsPerEpoch),
    penalty: penaltyOf(model, options),
    clipNorm: options.clip > 0 ? options.clip : undefined,
    epochs: options.epochs,
    batch: job.batch,
    earlyStopping: job.patience === undefined ? undefined : { patience: job.patience },
    gradients: numeric ? numericGradients : undefined,
    watch: options.report === undefined || numeric ? undefined : layerNorms(model),
  }
}
