import type { Dataset } from '../data/dataset.ts'
import { type Loader, loader } from '../data/loader.ts'
import type { Layer } from '../nn/module.ts'
import { tensor, zeros } from '../ops/create.ts'
import { equal, toFloat } from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import { type Variable, variable } from '../ops/variable.ts'
import { scope } from '../tensor/scope.ts'
import { capture, type Step } from './capture.ts'
import type { Confusion } from './events.ts'
import { classesOf } from './labels.ts'
import { inMode } from './mode.ts'

export interface Evaluation {
  readonly accuracy: number
  /** Mean over the rows. */
  readonly loss: number
  readonly confusion: Confusion
}

/** Most rows of one evaluation step. */
const MOST_ROWS = 512

/** Runs a classifier over a data set in evaluation mode: captured once, for use after every epoch. */
export class Evaluator implements Disposable {
  readonly #batches: Loader<'x' | 'y'>
  readonly #steps: readonly { step: Step; times: number; rows: number }[]
  readonly #counts: Variable
  readonly #classes: number

  constructor(model: Layer, dataset: Dataset<'x' | 'y'>, loss: (output: Tensor, labels: Tensor) => Tensor) {
    this.#batches = loader(dataset, { batch: Math.min(dataset.size, MOST_ROWS) })
    this.#classes = classesOf(model, dataset)
    this.#counts = scope(() => variable(zeros([this.#classes, this.#classes])))
    const classes = tensor(Int32Array.from({ length: this.#classes }, (_, i) => i))
    const step = (rest: boolean): Step =>
      inMode(model, false, () =>
        capture(() => {
          const { x, y } = rest ? this.#batches.rest() : this.#batches.next()
          const output = model.forward(x)
          const predicted = output.argmax(-1)
          const oneHot = (labels: Tensor): Tensor => equal(toFloat(labels).reshape([labels.size, 1]), toFloat(classes))
          this.#counts.assign(this.#counts.add(oneHot(y).matmul(oneHot(predicted), { transposeA: true })))
          return { loss: loss(output, y), correct: equal(toFloat(predicted), toFloat(y)).sum() }
        }, {}),
      )
    const { wholeBatches, remainder, batch } = this.#batches
    this.#steps = [
      ...(wholeBatches > 0 ? [{ step: step(false), times: wholeBatches, rows: batch }] : []),
      ...(remainder > 0 ? [{ step: step(true), times: 1, rows: remainder }] : []),
    ]
    classes.dispose()
  }

  async run(signal?: AbortSignal): Promise<Evaluation> {
    await this.#batches.begin(0)
    const none = zeros(this.#counts.shape)
    this.#counts.assign(none)
    none.dispose()
    let correct = 0
    let loss = 0
    for (const { step, times, rows } of this.#steps) {
      const { curves } = await step.runMany(times, { signal })
      for (let i = 0; i < times; i++) {
        correct += curves['correct']?.[i] as number
        loss += rows * (curves['loss']?.[i] as number)
      }
    }
    return {
      accuracy: correct / this.#batches.rows,
      loss: loss / this.#batches.rows,
      confusion: { classes: this.#classes, counts: Int32Array.from(await this.#counts.data()) },
    }
  }

  [Symbol.dispose](): void {
    for (const { step } of this.#steps) step.dispose()
    this.#batches.dispose()
    this.#counts.dispose()
  }
}
