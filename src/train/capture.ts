import { ArgumentError } from '../errors.ts'
import { type LayerSpan, watchLayers } from '../nn/module.ts'
import { clone } from '../ops/functions.ts'
import { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Elements, Engine } from '../program/engine.ts'
import type { DType, Shape, Spec, Value } from '../program/graph.ts'
import { CompiledStep, type Curves, type RunManyOptions } from '../program/step.ts'
import { currentEngine } from '../tensor/current.ts'
import { scoped } from '../tensor/scope.ts'
import { checkShape } from '../tensor/shape.ts'

/** Shape and type of an input of a step. */
export const spec = (shape: Shape, dtype: DType = 'float32'): Spec => ({ shape: [...checkShape(shape, 'spec')], dtype })

type Tensors<K extends string> = Readonly<Record<K, Tensor>>
type Numbers<K extends string> = Readonly<Partial<Record<K, ArrayLike<number>>>>

/**
 * Traces a training step once: forward, gradients, updates. What comes back runs it as one program in engine memory:
 * nothing is traced, planned or allocated again, and many steps run without JavaScript in between.
 *
 * Everything the function reads must exist before (variables, data) or be an input. Scalar float32 results are kept
 * for every step of `runMany`; of others the last is kept.
 */
export function capture<I extends string = never, O extends string = string>(
  fn: (inputs: Tensors<I>) => Readonly<Record<O, Tensor>>,
  inputs?: Readonly<Record<I, Spec>>,
  options: { readonly engine?: Engine } = {},
): Step<I, O> {
  const { engine = currentEngine() } = known('capture', options, 'engine')
  return new Step(engine, fn, inputs ?? ({} as Readonly<Record<I, Spec>>))
}

/** A captured step. */
export class Step<I extends string = string, O extends string = string> implements Disposable {
  /** The program behind it; for tools. */
  readonly compiled: CompiledStep
  /** Which nodes the layers recorded; for tools. */
  readonly layers: readonly LayerSpan[]
  private readonly names: readonly O[]

  constructor(
    engine: Engine,
    fn: (inputs: Tensors<I>) => Readonly<Record<O, Tensor>>,
    inputs: Readonly<Record<I, Spec>>,
  ) {
    let layers: readonly LayerSpan[] = []
    this.compiled = new CompiledStep(engine, inputs, (values) =>
      scoped(engine, () => {
        const wrapped: Record<string, Tensor> = {}
        for (const [name, value] of Object.entries(values)) wrapped[name] = new Tensor(engine, value)
        const { result: results, spans } = watchLayers(() => fn(wrapped as Tensors<I>))
        layers = spans
        if (typeof results !== 'object' || results === null || results instanceof Tensor || results instanceof Promise)
          throw new ArgumentError('the captured function returns a record of tensors', {
            where: 'capture',
            expected: 'for example { loss }',
            received:
              results instanceof Promise ? 'a promise' : results instanceof Tensor ? 'a tensor' : typeof results,
            hint:
              results instanceof Promise
                ? 'A captured function is synchronous: nothing is computed while it is traced.'
                : undefined,
          } as { where: string })
        const values_: Record<string, Value> = {}
        for (const [name, tensor] of Object.entries(results)) {
          if (!(tensor instanceof Tensor))
            throw new ArgumentError('a result is not a tensor', {
              where: `capture, result ${name}`,
              received: typeof tensor,
            })
          const value = tensor.use('capture')
          // What no op made has no other owner than a handle of this scope.
          values_[name] = value.producer === undefined ? clone(tensor).state : value
        }
        return values_
      }),
    )
    this.layers = layers
    this.names = [...this.compiled.outputs.keys()] as O[]
  }

  /** One step, now. Inputs that are left out keep their content. Returns copies of the results. */
  run(inputs?: Numbers<I>): Record<O, Elements> {
    if (inputs !== undefined) this.set(inputs)
    this.compiled.run()
    return this.results()
  }

  /** Writes inputs; they stay until they are written again. */
  set(inputs: Numbers<I>): void {
    for (const [name, data] of Object.entries(inputs)) this.compiled.write(name, data as ArrayLike<number>)
  }

  /**
   * Many steps on the thread pool; the caller is free meanwhile. Resolves to the number of steps and the curve of every
   * scalar result. An abort is honoured at the end of a step; variables are then those of the last whole step.
   */
  runMany(steps: number, options: RunManyOptions = {}): Promise<Curves<O>> {
    if (!Number.isSafeInteger(steps) || steps < 0)
      throw new ArgumentError('not a number of steps', {
        where: 'runMany',
        expected: 'a whole number from 0 up',
        received: String(steps),
      })
    return this.compiled.runMany(steps, options) as Promise<Curves<O>>
  }

  /** Copies of the results of the last step. */
  results(): Record<O, Elements> {
    return Object.fromEntries(this.names.map((name) => [name, this.compiled.read(name)])) as Record<O, Elements>
  }

  /** Bytes that the step keeps alive, its variables and data included; nothing more is allocated while it runs. */
  get peakBytes(): number {
    return this.compiled.peakBytes
  }
  /** Instructions of one step. */
  get instructions(): number {
    return this.compiled.instructions
  }
  /** How often the threads meet in one step, its end apart. */
  get barriers(): number {
    return this.compiled.barriers
  }
  get threads(): number {
    return this.compiled.threads
  }
  /** The program as text, an instruction a line. */
  print(): string {
    return this.compiled.print()
  }
  /** The step's arena as text: who lives where, and how long. */
  memoryMap(): string {
    return this.compiled.memoryMap()
  }

  dispose(): void {
    this.compiled.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }
}
