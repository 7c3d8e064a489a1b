import { ArgumentError, DisposedError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Elements, Engine } from '../program/engine.ts'
import type { Shape, Spec, Value } from '../program/graph.ts'
import { withEngine } from '../tensor/current.ts'
import { capture, type Step } from './capture.ts'
import { inMode } from './mode.ts'
import { engineOf } from './options.ts'
import { flowOf } from './step.ts'

export interface CompileOptions<I extends string> {
  /** Default: `model.forward(x)`. */
  readonly forward?: ((inputs: Readonly<Record<I, Tensor>>) => Tensor) | undefined
}

/**
 * A model in evaluation mode as one program for inputs of fixed shapes. A call is synchronous and allocates nothing: it
 * copies the inputs into engine memory, runs, and gives a view of the output, which the next call overwrites. Weights are
 * not copied: after more training it answers with the new ones.
 */
export class CompiledModel<I extends string> implements Disposable {
  /** Of the output. */
  readonly shape: Shape
  readonly #engine: Engine
  readonly #step: Step
  readonly #names: readonly I[]
  readonly #values: readonly Value[]
  readonly #output: Value
  /** Views of the inputs and, last, of the output, as long as the memory does not grow. */
  #views: Elements[] = []
  #memory: Float32Array | undefined
  #disposed = false

  constructor(model: Module, inputs: Readonly<Record<I, Spec>>, options: CompileOptions<I>) {
    known('compile', options as CompileOptions<string>, 'forward')
    const { forward } = options
    const engine = engineOf(model)
    const { output } = flowOf<I>(model, { forward })
    const trace = (tensors: Readonly<Record<I, Tensor>>): { y: Tensor } => ({ y: output(tensors) })
    const step = withEngine(engine, () => inMode(model, false, () => capture(trace, inputs, { engine })))
    this.#engine = engine
    this.#step = step as unknown as Step
    this.#names = Object.keys(inputs) as I[]
    this.#values = this.#names.map((name) => step.compiled.inputs.get(name) as Value)
    this.#output = step.compiled.outputs.get('y') as Value
    this.shape = this.#output.shape
  }

  /** The output for these inputs: a view into engine memory, valid until the next call. */
  run(inputs: Readonly<Record<I, ArrayLike<number>>>): Elements {
    if (this.#disposed) throw new DisposedError('the compiled model was disposed of', { where: 'compile' })
    const engine = this.#engine
    if (this.#memory !== engine.runtime.memory.f32) this.#look()
    engine.flush()
    engine.idle('run a compiled model')
    const views = this.#views
    for (let i = 0; i < this.#names.length; i++) {
      const data = inputs[this.#names[i] as I]
      const view = views[i] as Elements
      if (data === undefined || data.length !== view.length)
        throw new ArgumentError(`the input '${this.#names[i]}' does not fit`, {
          where: 'compile',
          expected: `${view.length} numbers for [${this.#values[i]?.shape}]`,
          received: data === undefined ? 'nothing' : String(data.length),
        })
      view.set(data)
    }
    this.#step.compiled.run()
    return views[views.length - 1] as Elements
  }

  #look(): void {
    const engine = this.#engine
    engine.flush()
    this.#views = [...this.#values, this.#output].map((value) => engine.elements(value))
    this.#memory = engine.runtime.memory.f32
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#step.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Compiles a model for fast answers: `compile(model, { x: spec([1, 784]) })`, then `run({ x })`. */
export async function compile<I extends string>(
  model: Module,
  inputs: Readonly<Record<I, Spec>>,
  options: CompileOptions<I> = {},
): Promise<CompiledModel<I>> {
  await engineOf(model).flushAsync()
  return new CompiledModel(model, inputs, options)
}
