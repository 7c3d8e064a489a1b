import { valueAndGrad } from '../autodiff/gradients.ts'
import type { Batch } from '../data/loader.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import { tensor } from '../ops/create.ts'
import { gather, slice } from '../ops/functions.ts'
import type { Reduction } from '../ops/reduction.ts'
import { Tensor } from '../ops/tensor.ts'
import { accumulate, clipByGlobalNorm, clipByValue, type Ema, type Optimizer } from '../optim/index.ts'
import { keep } from '../tensor/scope.ts'

/** Of the model's output and the target, as `crossEntropy` and `mse`; where rows have weights, also of each row. */
export type LossFunction = (output: Tensor, target: Tensor, options?: { readonly reduction?: Reduction }) => Tensor

/** As `gradients` and `numericGradients`. */
export type GradientFunction = (loss: () => Tensor, model: Module) => Readonly<Record<string, Tensor>>

/** How a batch becomes output and target. */
export interface Flow<K extends string> {
  /** Default: `model.forward(x)`. */
  readonly forward?: ((batch: Batch<K>) => Tensor) | undefined
  /** The column with what the output shall be. Default 'y'; 'x' for an autoencoder. */
  readonly target?: K | undefined
}

/** How much rows count in the loss: its mean is over their weights. */
export interface Weighting<K extends string> {
  /** The weight of each class; targets are classes. */
  readonly classWeights?: readonly number[] | undefined
  /** The column with a weight for each row. Both together multiply. */
  readonly sampleWeight?: K | undefined
}

/** What one training step is made of. */
export interface StepOptions<K extends string> extends Flow<K>, Weighting<K> {
  readonly loss: LossFunction
  readonly optimizer: Optimizer
  /** Added to the loss: `() => optim.l2(model, 1e-4)`. */
  readonly penalty?: (() => Tensor) | undefined
  /** Clips the gradients to this norm of all of them together. */
  readonly clipNorm?: number | undefined
  /** Clips each number of the gradients into [-clipValue, clipValue]. */
  readonly clipValue?: number | undefined
  /** Takes each batch in so many parts, one after the other: the same step in a part of the memory. Default 1. */
  readonly accumulate?: number | undefined
  /** A running mean of the weights, which takes each step in; evaluations use it in place of the weights. */
  readonly ema?: Ema | undefined
  /** Goes into the step after the update: `() => optim.maxNorm(model, 3)`. */
  readonly afterStep?: (() => void) | undefined
  /** Scalars to record of every step: `({ grads }) => ({ norm: optim.globalNorm(grads) })`. */
  readonly watch?: ((step: Watched<K>) => Readonly<Record<string, Tensor>>) | undefined
  /**
   * Takes the gradients in another way than the chain rule in a captured step: `numericGradients` of chainrule/check,
   * say, gives the same curve from differences of the loss. Steps then run one by one.
   */
  readonly gradients?: GradientFunction | undefined
}

export interface Watched<K extends string> {
  readonly batch: Batch<K>
  readonly loss: Tensor
  /** Before they are clipped. */
  readonly grads: Readonly<Record<string, Tensor>>
}

/** Output and target of a batch. */
export function flowOf<K extends string>(
  model: Module,
  { forward, target = 'y' as K }: Flow<K>,
): { output: (batch: Batch<K>) => Tensor; target: (batch: Batch<K>) => Tensor } {
  const column = (batch: Batch<K>, name: string, hint: string): Tensor => {
    const found = batch[name as K]
    if (found === undefined)
      throw new ArgumentError(`the data has no column '${name}'`, {
        where: 'train',
        expected: `one of ${Object.keys(batch).join(', ')}`,
        hint,
      })
    return found
  }
  const plain = model as Module & { forward(x: Tensor): Tensor }
  return {
    output(batch) {
      const y = forward?.(batch) ?? plain.forward(column(batch, 'x', 'Name the inputs: forward: ({ a, b }) => ...'))
      if (!(y instanceof Tensor))
        throw new ArgumentError('the output of the model is no tensor', {
          where: 'train',
          received: typeof y,
          hint: 'Pick it: forward: ({ x }) => model.forward(x).logits',
        })
      return y
    },
    target: (batch) => column(batch, target, "Name it: target: 'price'."),
  }
}

/** A whole training step on a batch: what is traced once. `seen` gets the output and target of each part. */
export function stepOf<K extends string>(
  model: Module,
  options: StepOptions<K>,
  seen: ((output: Tensor, target: Tensor) => void) | undefined,
): (batch: Batch<K>) => Record<string, Tensor> {
  const { optimizer, ema, clipNorm, clipValue, penalty, gradients, accumulate: most = 1 } = options
  const flow = flowOf(model, options)
  return (batch) => {
    const whole = rowsOf(batch)
    const parts = Math.min(most, whole)
    const cuts = Array.from({ length: parts + 1 }, (_, i) => Math.floor((i * whole) / parts))
    const weights = weightsOf(batch, flow.target(batch), options)
    const total = weights?.sum()
    const outputs: [output: Tensor, target: Tensor][] = []
    const loss = (part: number): Tensor => {
      const [first, end] = [cuts[part] as number, cuts[part + 1] as number]
      const rows = parts === 1 ? batch : window(batch, first, end)
      const output = flow.output(rows)
      const target = flow.target(rows)
      if (seen !== undefined && outputs.length === part) outputs.push([keep(output.alias()), keep(target.alias())])
      let value: Tensor
      if (weights === undefined || total === undefined) {
        value = options.loss(output, target)
        // The mean of the parts' means is that of the batch where parts are equal.
        if (parts > 1) value = value.mul((parts * (end - first)) / whole)
      } else {
        const own = parts === 1 ? weights : slice(weights, [first], [end])
        value = weighted(options.loss, output, target, own, options)
          .div(total.maximum(2 ** -126))
          .mul(parts)
      }
      return penalty === undefined ? value : value.add(penalty())
    }
    const { value, grads } =
      gradients !== undefined
        ? viaFunction(gradients, () => loss(0), model)
        : parts === 1
          ? valueAndGrad(() => loss(0), model)
          : accumulate(parts, loss, model)
    const watched = options.watch?.({ batch, loss: value, grads }) ?? {}
    let clipped: Readonly<Record<string, Tensor>> = grads
    if (clipValue !== undefined) clipped = clipByValue(clipped, clipValue)
    if (clipNorm !== undefined) clipped = clipByGlobalNorm(clipped, clipNorm)
    optimizer.step(clipped)
    options.afterStep?.()
    ema?.update()
    for (const [output, target] of outputs) {
      seen?.(output, target)
      output.dispose()
      target.dispose()
    }
    return { ...watched, loss: value }
  }
}

/** The loss is read from the trace that the gradients are taken of: a second one would draw other masks. */
function viaFunction(
  gradients: GradientFunction,
  loss: () => Tensor,
  model: Module,
): { value: Tensor; grads: Readonly<Record<string, Tensor>> } {
  let first: Tensor | undefined
  const grads = gradients(() => {
    const value = loss()
    first ??= keep(value.alias())
    return value
  }, model)
  return { value: first as Tensor, grads }
}

function rowsOf<K extends string>(batch: Batch<K>): number {
  return Object.values<Tensor>(batch)[0]?.shape[0] as number
}

function window<K extends string>(batch: Batch<K>, first: number, end: number): Batch<K> {
  const part: Record<string, Tensor> = Object.create(null)
  for (const [name, column] of Object.entries<Tensor>(batch)) part[name] = slice(column, [first], [end])
  return part as Batch<K>
}

/** A weight for each row, or undefined where all count alike. */
export function weightsOf<K extends string>(
  batch: Batch<K>,
  target: Tensor,
  { classWeights, sampleWeight }: Weighting<K>,
): Tensor | undefined {
  const rows = rowsOf(batch)
  let weights: Tensor | undefined
  if (sampleWeight !== undefined) {
    const own = batch[sampleWeight]
    if (own === undefined || own.size !== rows || own.dtype !== 'float32')
      throw new ArgumentError('no weights of rows', {
        where: 'train.sampleWeight',
        expected: 'a float32 column with one number a row',
        received: own === undefined ? `no column '${sampleWeight}'` : `${own.dtype} [${own.shape}]`,
      })
    weights = own.reshape([rows])
  }
  if (classWeights !== undefined) {
    if (target.dtype !== 'int32' || target.size !== rows)
      throw new ShapeError('class weights need one class a row', {
        where: 'train.classWeights',
        expected: `int32 [${rows}]`,
        received: `${target.dtype} [${target.shape}]`,
      })
    const { engine } = target
    const own = gather(tensor(Float32Array.from(classWeights), undefined, { engine }), target.reshape([rows]))
    weights = weights === undefined ? own : weights.mul(own)
  }
  return weights
}

/** The losses of the rows, each the mean over what else it has, times their weights, summed up. */
export function weighted(
  of: LossFunction,
  output: Tensor,
  target: Tensor,
  weights: Tensor,
  { classWeights }: { readonly classWeights?: readonly number[] | undefined },
): Tensor {
  const rows = weights.size
  const classes = output.shape[1] ?? 1
  if (classWeights !== undefined && output.rank === 2 && classes > 1 && classWeights.length !== classes)
    throw new ArgumentError('classWeights does not fit', {
      where: 'train',
      expected: `one for each of ${classes} classes`,
      received: `${classWeights.length}`,
    })
  const loss = of(output, target, { reduction: 'none' })
  if (loss.shape[0] !== rows)
    throw new ShapeError('with weights, the loss is needed of each row', {
      where: 'train.loss',
      expected: `[${rows}, ..] when called with { reduction: 'none' }`,
      received: `[${loss.shape}]`,
      hint: 'Pass the options on: loss: (output, y, options) => mse(output, y, options).',
    })
  return (loss.rank === 1 ? loss : loss.reshape([rows, -1]).mean(1)).mul(weights).sum()
}

export function checkClassWeights(weights: readonly number[] | undefined): void {
  if (weights?.some((w) => !(w >= 0 && w < Infinity)))
    throw new ArgumentError('classWeights does not fit', {
      where: 'train',
      expected: 'finite numbers from 0 up',
      received: String(weights),
    })
}
