import { ChainruleError } from '../errors.ts'
import { checkTensor } from '../ops/apply.ts'
import type { Tensor } from '../ops/tensor.ts'
import { Parameter, Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type DType, nextNode } from '../program/graph.ts'
import { type LoadReport, loadState, readState, type State, type StateEntry } from './state.ts'
import { summarize } from './summary.ts'

/** A variable of a module with the path under which state dicts know it. */
export interface Place {
  readonly path: string
  readonly owner: Module
  readonly field: string
  readonly variable: Variable
}

/** How a field appears in a state dict, where that is not how it lies in memory. */
export interface FieldLayout {
  /** Axes of the transposition from memory to the state dict. */
  readonly axes?: readonly number[]
}

/** A module of one tensor in and one tensor out: what `sequential` chains. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor
}

/**
 * A part of a model: parameters, inner modules and a forward function.
 *
 * Fields that hold a Parameter, a Module, or arrays or plain objects of those are found by their names; nothing has
 * to be registered. (Private `#fields` cannot be seen.)
 */
export abstract class Module implements Disposable {
  /** Dropout and the like act while this is true; `train()` and `eval()` set it in the whole tree. */
  training = true

  abstract forward(...inputs: never[]): unknown

  /** What error messages and `summary()` call this kind of module. */
  get kind(): string {
    return this.constructor.name
  }

  /** Named values in which parameters and modules are looked for. */
  children(): Iterable<readonly [name: string, value: unknown]> {
    return Object.entries(this)
  }

  /** How fields lie in a state dict. */
  layout(_field: string): FieldLayout {
    return {}
  }

  /** This module (path '') and those in it, outermost first; a module that is used twice comes once. */
  *namedModules(): Generator<[path: string, module: Module]> {
    const seen = new Set<Module>()
    for (const { path, module } of walk(this, '', [])) {
      if (module === undefined || seen.has(module)) continue
      seen.add(module)
      yield [path, module]
    }
  }

  /** The parameters that are trained; tied ones once, under their first name. */
  *namedParameters(): Generator<[path: string, parameter: Parameter]> {
    const seen = new Set<Variable>()
    for (const { path, variable } of places(this)) {
      if (!(variable instanceof Parameter) || !variable.trainable || seen.has(variable)) continue
      seen.add(variable)
      yield [path, variable]
    }
  }

  parameters(): Parameter[] {
    return [...this.namedParameters()].map(([, parameter]) => parameter)
  }

  /** Every parameter, frozen or not, and every other variable (running statistics), once each. */
  variables(): Variable[] {
    return [...new Set([...places(this)].map(({ variable }) => variable))]
  }

  train(training = true): this {
    for (const [, module] of this.namedModules()) module.training = training
    return this
  }

  eval(): this {
    return this.train(false)
  }

  /** Keeps the parameters as they are: `namedParameters` leaves them out, so no gradient is taken of them. */
  freeze(frozen = true): this {
    for (const variable of this.variables()) if (variable instanceof Parameter) variable.trainable = !frozen
    return this
  }

  unfreeze(): this {
    return this.freeze(false)
  }

  /** Copies of all variables by name, with PyTorch's names and layouts; tied ones under each of their names. */
  stateDict(): Promise<State> {
    return readState(this.stateEntries())
  }

  /**
   * Sets all variables. Names or shapes that do not fit are an error that lists them, and nothing is changed;
   * with `strict: false` what fits is taken and the rest reported.
   */
  loadStateDict(
    state: State | Iterable<readonly [string, StateEntry]>,
    options: { strict?: boolean } = {},
  ): LoadReport {
    const { strict = true } = known('loadStateDict', options, 'strict')
    return loadState(this.stateEntries(), state, strict)
  }

  /** Frees the parameters and all other variables. */
  dispose(): void {
    for (const variable of this.variables()) variable.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** A table of the layers, their parameters and bytes; with the shape (and type) of an input, their output shapes too. */
  summary(inputShape?: readonly number[], dtype: DType = 'float32'): string {
    return summarize(this, inputShape, dtype)
  }

  private stateEntries(): { name: string; variable: Variable; axes: readonly number[] | undefined }[] {
    return [...places(this)].map(({ path, owner, field, variable }) => ({
      name: path,
      variable,
      axes: owner.layout(field).axes,
    }))
  }
}

interface Visit {
  readonly path: string
  readonly module?: Module
  readonly place?: Place
}

/** The variables below a module; one with several names comes once for each. */
export function* places(module: Module): Generator<Place> {
  for (const { place } of walk(module, '', [])) if (place !== undefined) yield place
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** Depth first; `open` holds the objects on the way down, so that a link back to a parent ends there. */
function* walk(module: Module, path: string, open: readonly object[]): Generator<Visit> {
  yield { path, module }
  for (const [field, value] of module.children())
    yield* visit(value, join(path, field), module, field, [...open, module])
}

function* visit(value: unknown, path: string, owner: Module, field: string, open: readonly object[]): Generator<Visit> {
  if (value instanceof Variable) yield { path, place: { path, owner, field, variable: value } }
  else if (typeof value !== 'object' || value === null || open.includes(value)) return
  else if (value instanceof Module) yield* walk(value, path, open)
  else if (Array.isArray(value) || isPlain(value)) {
    for (const [key, inner] of Object.entries(value))
      yield* visit(inner, join(path, key), owner, field, [...open, value])
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const origins = new WeakMap<ChainruleError, Module>()

/** The nodes that a forward of a module recorded: numbers from `first` to before `end`. */
export interface LayerSpan {
  readonly module: Module
  readonly first: number
  readonly end: number
}

let watched: LayerSpan[] | undefined

/** Runs `run`, and tells which nodes each layer's forward recorded; inner layers come before outer ones. */
export function watchLayers<T>(run: () => T): { readonly result: T; readonly spans: readonly LayerSpan[] } {
  const before = watched
  const spans: LayerSpan[] = []
  watched = spans
  try {
    return { result: run(), spans }
  } finally {
    watched = before
  }
}

/** The path of the innermost layer that recorded a node; `undefined` outside of all layers below `root`. */
export function layerOf(
  node: number,
  spans: readonly LayerSpan[],
  paths: ReadonlyMap<Module, string>,
): string | undefined {
  const span = spans.find(({ module, first, end }) => first <= node && node < end && paths.has(module))
  return span === undefined ? undefined : paths.get(span.module)
}

/**
 * Runs part of `module`'s forward on `inputs`, which have to be tensors; an error on its way out remembers the innermost
 * module it came from.
 */
export function inside<T>(module: Module, inputs: readonly Tensor[], run: () => T): T {
  const first = nextNode()
  try {
    for (const input of inputs) checkTensor(input, `nn.${module.kind}`)
    return run()
  } catch (error) {
    if (error instanceof ChainruleError && !origins.has(error)) origins.set(error, module)
    throw error
  } finally {
    watched?.push({ module, first, end: nextNode() })
  }
}

/** Runs `run`; an error that comes out of a module below `root` gets that module's path. */
export function locating<T>(root: Module, run: () => T): T {
  try {
    return run()
  } catch (error) {
    const origin = error instanceof ChainruleError ? origins.get(error) : undefined
    if (origin !== undefined) {
      const path = [...root.namedModules()].find(([, module]) => module === origin)?.[0]
      if (path) (error as ChainruleError).locate(`${root.kind}.${path} (${origin.kind})`)
      else if (path === '') (error as ChainruleError).locate(root.kind)
    }
    throw error
  }
}
