import { ArgumentError, ChainruleError, ExportError } from '../../errors.ts'
import { Module } from '../../nn/module.ts'
import type { OpName } from '../../ops/index.ts'
import type { Tensor } from '../../ops/tensor.ts'
import { known } from '../../options.ts'
import type { Engine } from '../../program/engine.ts'
import type { Spec } from '../../program/graph.ts'
import { currentEngine } from '../../tensor/current.ts'
import { checkShape } from '../../tensor/shape.ts'
import { inMode } from '../../train/mode.ts'
import { Builder, contextOf } from './builder.ts'
import { type Free, NotDynamic } from './dims.ts'
import { encodeModel, type Port } from './encode.ts'
import { notExported, onnxRows } from './table.ts'
import { type Graph, type GraphNode, graphOf } from './trace.ts'

/** The opset of the files. */
export const OPSET = 17

export interface OnnxOptions<I extends string = string> {
  /**
   * 'dynamic': the first axis of every input may have any size, or ExportError; 'fixed': as in the specs. Default:
   * dynamic where the model allows it.
   */
  readonly batch?: 'dynamic' | 'fixed'
  /** The axis of an input that is the batch, where that is not the first; `undefined`: none. */
  readonly batchAxes?: Readonly<Partial<Record<I, number | undefined>>>
  /**
   * The axis of an input whose size, the length of a sequence, may be any as well: `{ tokens: 1 }`. ExportError where the
   * model does not allow that. The specs have one and the same length, of at least 4, and the longest that the model takes.
   */
  readonly timeAxes?: Readonly<Partial<Record<I, number>>>
  /** What the model computes from its inputs. Default: `model.forward` with the inputs in their order. */
  readonly forward?: (inputs: Readonly<Record<I, Tensor>>) => Tensor | Readonly<Record<string, Tensor | undefined>>
  /** Key and value pairs for the file's metadata. */
  readonly metadata?: Readonly<Record<string, string>>
  /** The name of the graph. Default: the kind of the model. */
  readonly name?: string
  readonly description?: string
  /** The engine that holds the model; the current one by default. */
  readonly engine?: Engine
}

/** Sizes at which a model is traced to learn what depends on the batch: primes that are rare among sizes of models. */
const BATCHES: readonly number[] = [11, 13, 17]
/** Protocol buffers cannot be larger. */
const MOST_BYTES = 2 ** 31 - 1

/**
 * An ONNX model (opset 17) of what `model` computes in evaluation mode, from `inputs` by name: their shapes, and types
 * float32 or int32. Parameters are initializers with the names and layouts of `stateDict`, which are PyTorch's; the
 * result is called `output`, or as in the record that forward returns.
 *
 * Throws ExportError for an op that has no ONNX form, with the layer it is in; nothing is computed and the model stays
 * as it is.
 */
export function exportOnnx<I extends string>(
  model: Module,
  inputs: Readonly<Record<I, Spec>>,
  options: OnnxOptions<I> = {},
): Uint8Array<ArrayBuffer> {
  if (!((model as unknown) instanceof Module))
    throw new ArgumentError('not a model', { where: 'exportOnnx', expected: 'a Module', received: typeof model })
  const { batch, engine = currentEngine() } = known(
    'exportOnnx',
    options as OnnxOptions,
    'batch batchAxes timeAxes forward metadata name description engine',
  )
  if (batch !== undefined && batch !== 'dynamic' && batch !== 'fixed')
    throw new ArgumentError('unknown choice', {
      where: 'exportOnnx.batch',
      expected: "'dynamic' or 'fixed'",
      received: String(batch),
    })
  const axes = batchAxes(inputs, options)
  const times = timeAxes(inputs, axes, options)
  const [time] = times.values()
  const length = time === undefined ? 0 : time.size
  const forward = (options.forward ??
    ((tensors: Readonly<Record<string, Tensor>>) => model.forward(...(Object.values(tensors) as never[])))) as (
    tensors: Readonly<Record<string, Tensor>>,
  ) => unknown
  engine.flush()
  engine.idle('export a model')

  const attempt = (dynamic: boolean): Uint8Array<ArrayBuffer> => {
    const free = sizesAt(dynamic ? BATCHES : [0], length === 0 ? [0] : [length, length - 1, length - 2])
    const specs = free.map(({ batch: n, time: t }) => sized(inputs, dynamic ? axes : NONE, times, n, t))
    const graph = inMode(model, false, () => graphOf(engine, model, specs, free, forward))
    const [batchAxis] = dynamic ? axes : NONE
    const [timeAxis] = times
    const build = new Builder([...graph.inputs.keys(), ...graph.outputs.keys()], {
      batch: batchAxis && { input: batchAxis[0], axis: batchAxis[1] },
      time: timeAxis && { input: timeAxis[0], axis: timeAxis[1].axis },
    })
    return encode(graph, build, options.name ?? model.kind, options)
  }
  const refused = (what: string, where: string, cause: unknown): ExportError =>
    new ExportError(`the model does not allow every ${what}`, {
      where: `exportOnnx.${where}`,
      received: (cause as Error).message,
      hint: `Export it ${where === 'batch' ? "with { batch: 'fixed' }" : 'without timeAxes'}, or leave the option out.`,
      cause,
    })
  // What a layer says of sizes it was not asked for does not count.
  const unfit = (error: unknown): boolean =>
    error instanceof NotDynamic || (error instanceof ChainruleError && !(error instanceof ExportError))
  if (batch !== 'fixed' && axes.size > 0)
    try {
      return attempt(true)
    } catch (error) {
      if (!unfit(error)) throw error
      if (batch !== undefined) throw refused('size of the batch', 'batch', error)
    }
  try {
    return attempt(false)
  } catch (error) {
    if (times.size === 0 || !unfit(error)) throw error
    throw refused('length of a sequence', 'timeAxes', error)
  }
}

const NONE: ReadonlyMap<string, number> = new Map()

/** Where a model is traced: all of one axis, or a grid of two of each and one more. */
function sizesAt(batches: readonly number[], times: readonly number[]): Free[] {
  const [n0 = 0, n1, n2] = batches
  const [t0 = 0, t1, t2] = times
  if (n1 === undefined) return times.map((time) => ({ batch: n0, time }))
  if (t1 === undefined) return batches.map((batch) => ({ batch, time: t0 }))
  const grid = [t0, t1].flatMap((time) => [n0, n1].map((batch) => ({ batch, time })))
  return [...grid, { batch: n2 as number, time: t2 as number }]
}

type Specs = Readonly<Record<string, Spec>>

/** The axis of the batch in each input that has one. */
function batchAxes(inputs: Specs, { batchAxes: given = {}, batch }: OnnxOptions): Map<string, number> {
  const where = 'exportOnnx'
  if (typeof inputs !== 'object' || inputs === null || Object.keys(inputs).length === 0)
    throw new ArgumentError('there are no inputs', { where, expected: 'for example { x: spec([1, 784]) }' })
  const axes = new Map<string, number>()
  const choices: Readonly<Record<string, number | undefined>> = given
  for (const name of Object.keys(choices))
    if (!(name in inputs))
      throw new ArgumentError('no such input', {
        where: `${where}.batchAxes`,
        expected: Object.keys(inputs).join(' or '),
        received: name,
      })
  for (const [name, { shape, dtype }] of Object.entries(inputs)) {
    checkShape(shape, `${where}, input ${name}`)
    if (dtype !== 'float32' && dtype !== 'int32')
      throw new ArgumentError('no type of an input', {
        where: `${where}, input ${name}`,
        expected: 'float32 or int32',
        received: String(dtype),
      })
    const axis = name in choices ? choices[name] : shape.length > 0 ? 0 : undefined
    if (axis === undefined || batch === 'fixed') continue
    if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length)
      throw new ArgumentError('no such axis', {
        where: `${where}.batchAxes.${name}`,
        expected: `0 to ${shape.length - 1}`,
        received: String(axis),
      })
    axes.set(name, axis)
  }
  return axes
}

/** The axis of the length in each input that has one, and its size. */
function timeAxes(
  inputs: Specs,
  axes: ReadonlyMap<string, number>,
  { timeAxes: given = {} }: OnnxOptions,
): Map<string, { readonly axis: number; readonly size: number }> {
  const times = new Map<string, { readonly axis: number; readonly size: number }>()
  for (const [name, axis] of Object.entries(given as Readonly<Record<string, number>>)) {
    const shape = inputs[name]?.shape ?? []
    const size = shape[axis]
    const [other] = times.values()
    if (size === undefined || axes.get(name) === axis || size < 4 || (other !== undefined && other.size !== size))
      throw new ArgumentError('no axis of a sequence', {
        where: `exportOnnx.timeAxes.${name}`,
        expected: `an input's axis that is not the batch, of ${other === undefined ? 'at least 4' : other.size} steps`,
        received: `axis ${axis} of [${shape}]`,
      })
    times.set(name, { axis, size })
  }
  return times
}

const sized = (
  inputs: Specs,
  axes: ReadonlyMap<string, number>,
  times: ReadonlyMap<string, { readonly axis: number }>,
  batch: number,
  time: number,
): Specs =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [
      name,
      {
        dtype,
        shape: shape.map((n, i) => (i === axes.get(name) ? batch : i === times.get(name)?.axis ? time : n)),
      },
    ]),
  )

function encode(
  graph: Graph,
  build: Builder,
  name: string,
  { metadata = {}, description = '' }: OnnxOptions,
): Uint8Array<ArrayBuffer> {
  for (const key of graph.outputs.keys())
    if (graph.inputs.has(key))
      throw new ArgumentError('an input and an output have the same name', { where: 'exportOnnx', received: key })
  const done = new Set<GraphNode>()
  for (const node of graph.nodes) {
    if (done.has(node)) continue
    const whole = graph.wholes.get(node)
    if (whole === undefined) write(build, node)
    else {
      build.layer = whole.layer
      build.names.set(whole.output, whole.write(build))
      for (const part of whole.nodes) done.add(part)
    }
  }
  build.layer = undefined
  for (const [as, value] of graph.outputs) build.publish(build.name(value), as)
  const { nodes, initializers } = build.needed(graph.outputs.keys())
  const bytes = initializers.reduce((sum, { data }) => sum + data.byteLength, 0)
  if (bytes > MOST_BYTES)
    throw new ExportError('the model is too large for one ONNX file', {
      where: 'exportOnnx',
      expected: `at most ${MOST_BYTES} bytes of weights`,
      received: String(bytes),
    })
  const port = ([key, { dims, dtype }]: [
    string,
    Graph['inputs'] extends ReadonlyMap<string, infer V> ? V : never,
  ]): Port => ({
    name: key,
    dims,
    dtype,
  })
  return encodeModel(
    { name, nodes, initializers, inputs: [...graph.inputs].map(port), outputs: [...graph.outputs].map(port) },
    { opset: OPSET, producer: 'chainrule', description, properties: Object.entries(metadata) },
  )
}

/** Adds what a node of the graph becomes. */
function write(build: Builder, node: GraphNode): void {
  const { op, layer } = node
  build.layer = layer
  const name = op.name as OpName
  const row = onnxRows[name]
  const at = (error: ExportError): ExportError => (layer ? error.locate(layer) : error)
  if (row === undefined)
    throw at(
      new ExportError('the operation has no ONNX form', {
        where: op.name,
        expected: 'an operation of the table in docs/export.md',
        received: notExported[name] ?? 'one without a row in src/export/onnx/table.ts',
      }),
    )
  try {
    const names = row.rule(contextOf(build, node))
    for (const [i, made] of (typeof names === 'string' ? [names] : names).entries())
      if (made !== '') build.names.set(node.outputs[i] as GraphNode['outputs'][number], made)
  } catch (error) {
    throw error instanceof ExportError && error.layer === undefined ? at(error) : error
  }
}
