import { ArgumentError } from '../../errors.ts'
import { type LayerSpan, layerOf, type Module, places, watchLayers } from '../../nn/module.ts'
import { Tensor } from '../../ops/tensor.ts'
import type { Elements, Engine } from '../../program/engine.ts'
import { live } from '../../program/fuse.ts'
import { type Attrs, createValue, type DType, type Node, type Op, type Spec, type Value } from '../../program/graph.ts'
import { scoped } from '../../tensor/scope.ts'
import { type Affine, type Dim, dimOf, type Free, isAffine, mergeAttrs, NotDynamic } from './dims.ts'
import { type Whole, wholesOf } from './wholes.ts'

export type Forward = (inputs: Readonly<Record<string, Tensor>>) => unknown

/** A variable of the model, as state dicts have it. */
export interface Stored {
  readonly name: string
  /** Axes of the transposition from memory to the stored form. */
  readonly axes: readonly number[] | undefined
}

/** A tensor of the graph that is exported. */
export interface GraphValue {
  readonly dims: readonly Dim[]
  readonly dtype: DType
  readonly producer: GraphNode | undefined
  /** Content of a leaf; `fill` is the number of one whose size the batch gives. */
  readonly data: Elements | undefined
  readonly fill: number | undefined
  /** What a leaf follows from free sizes by. */
  readonly rows: Rows | undefined
  readonly stored: Stored | undefined
  readonly input: string | undefined
  readers: number
}

/** The whole numbers from 0 up, one that is a size, or the first rows of a table. */
export type Rows = 'count' | Affine | { readonly table: Elements }

export interface GraphNode {
  /** Rises in the order in which nodes were recorded. */
  readonly id: number
  readonly op: Op
  readonly attrs: Attrs
  readonly inputs: readonly GraphValue[]
  readonly outputs: GraphValue[]
  readonly layer: string | undefined
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly inputs: ReadonlyMap<string, GraphValue>
  readonly outputs: ReadonlyMap<string, GraphValue>
  /** Layers that become one operator, by their first node. */
  readonly wholes: ReadonlyMap<GraphNode, Whole>
}

interface Trace {
  readonly nodes: readonly Node[]
  readonly inputs: ReadonlyMap<string, Value>
  readonly outputs: ReadonlyMap<string, Value>
  readonly leaves: ReadonlyMap<Value, Elements>
  readonly spans: readonly LayerSpan[]
}

/** The nodes that a forward records, and copies of what they read; nothing is computed. */
function trace(engine: Engine, specs: Readonly<Record<string, Spec>>, forward: Forward): Trace {
  const inputs = new Map(Object.entries(specs).map(([name, spec]) => [name, createValue(spec)]))
  const {
    result: found,
    nodes,
    close,
  } = engine.captureTrace(() =>
    scoped(engine, () => {
      const tensors = Object.fromEntries([...inputs].map(([name, value]) => [name, new Tensor(engine, value)]))
      const { result, spans } = watchLayers(() => forward(tensors))
      const made = result instanceof Tensor ? { output: result } : result
      const isRecord = typeof made === 'object' && made !== null && !(made instanceof Promise)
      const entries = isRecord ? Object.entries(made).filter(([, tensor]) => tensor !== undefined) : []
      if (entries.length === 0 || entries.some(([, tensor]) => !(tensor instanceof Tensor)))
        throw new ArgumentError('forward does not return tensors', {
          where: 'exportOnnx',
          expected: 'a tensor or a record of tensors',
          received: made instanceof Promise ? 'a promise' : typeof made,
        })
      const outputs = new Map(entries.map(([name, tensor]) => [name, (tensor as Tensor).use('exportOnnx')]))
      return { outputs, spans }
    }),
  )
  try {
    const needed = live(nodes, new Set(found.outputs.values()))
    const made = new Set([...inputs.values(), ...needed.flatMap(({ outputs }) => outputs)])
    const leaves = new Map<Value, Elements>()
    for (const value of [...needed.flatMap((node) => node.inputs), ...found.outputs.values()])
      if (!made.has(value) && !leaves.has(value)) leaves.set(value, engine.elements(value).slice())
    return { nodes: needed, inputs, outputs: found.outputs, leaves, spans: found.spans }
  } finally {
    close()
  }
}

/** The variables of a model by the value that they have now; a tied one under its first name. */
function storedOf(model: Module): Map<Value, Stored> {
  const found = new Map<Value, Stored>()
  for (const { path, owner, field, variable } of places(model))
    if (!found.has(variable.state)) found.set(variable.state, { name: path, axes: owner.layout(field).axes })
  return found
}

/**
 * One graph from traces at several free sizes: the same nodes, whose sizes are linear functions of them. Throws NotDynamic
 * where they differ in anything else.
 */
export function graphOf(
  engine: Engine,
  model: Module,
  specs: readonly Readonly<Record<string, Spec>>[],
  batches: readonly Free[],
  forward: Forward,
): Graph {
  const stored = storedOf(model)
  const paths = new Map([...model.namedModules()].map(([path, module]) => [module, path]))
  const traces = specs.map((spec) => trace(engine, spec, forward))
  const [base] = traces as [Trace]
  if (traces.some(({ nodes, outputs }) => nodes.length !== base.nodes.length || outputs.size !== base.outputs.size))
    throw new NotDynamic('the batch changes the graph')
  /** Per trace the values that stand for those of the first one. */
  const known: Map<Value, GraphValue>[] = traces.map(() => new Map())

  const leaf = (values: readonly Value[], input?: string): GraphValue => {
    const found = values.map((value, i) => known[i]?.get(value))
    if (found[0] !== undefined || found.some((one) => one !== undefined)) {
      if (found.some((one) => one !== found[0])) throw new NotDynamic('the batch changes the graph')
      return found[0] as GraphValue
    }
    const first = values[0] as Value
    const contents = values.map((value, i) => traces[i]?.leaves.get(value))
    const same = values.every((value) => value === first) || equal(contents)
    const fill = same ? undefined : filled(contents)
    const rows = input !== undefined || same || fill !== undefined ? undefined : rowsOf(values, contents, batches)
    const made = add(values, { data: input === undefined && same ? contents[0] : undefined, fill, rows, input })
    if (rows === undefined && input === undefined && !same && fill === undefined)
      throw new NotDynamic('a constant depends on the batch or the length of a sequence')
    const [length] = made.dims
    // The longest sequence is traced, the largest batch is not.
    if (typeof rows === 'object' && 'table' in rows && (!isAffine(length) || length.batch !== 0 || length.both !== 0))
      throw new NotDynamic('a constant depends on the batch')
    return made
  }
  const add = (
    values: readonly Value[],
    { producer, data, fill, rows, input }: Partial<Pick<GraphValue, 'producer' | 'data' | 'fill' | 'rows' | 'input'>>,
  ): GraphValue => {
    const { shape, dtype } = values[0] as Value
    if (values.some((value) => value.shape.length !== shape.length)) throw new NotDynamic('the batch changes a rank')
    const dims = shape.map((_, axis) =>
      dimOf(
        values.map((value) => value.shape[axis] as number),
        batches,
      ),
    )
    const made: GraphValue = {
      dims,
      dtype,
      producer,
      data,
      fill,
      rows,
      input,
      stored: data === undefined ? undefined : stored.get(values[0] as Value),
      readers: 0,
    }
    for (const [i, value] of values.entries()) known[i]?.set(value, made)
    return made
  }

  const inputs = new Map<string, GraphValue>()
  for (const name of base.inputs.keys())
    inputs.set(
      name,
      leaf(
        traces.map((one) => one.inputs.get(name) as Value),
        name,
      ),
    )
  const nodes = base.nodes.map((node, at): GraphNode => {
    const all = traces.map(({ nodes: others }) => others[at] as Node)
    if (all.some(({ op, inputs: { length } }) => op !== node.op || length !== node.inputs.length))
      throw new NotDynamic('the batch changes the graph')
    const made: GraphNode = {
      id: node.id,
      op: node.op,
      attrs: mergeAttrs(
        all.map(({ attrs }) => attrs),
        batches,
      ),
      inputs: node.inputs.map((_, i) => leaf(all.map((one) => one.inputs[i] as Value))),
      outputs: [],
      layer: layerOf(node.id, base.spans, paths),
    }
    for (const value of made.inputs) value.readers++
    for (const i of node.outputs.keys())
      made.outputs.push(
        add(
          all.map((one) => one.outputs[i] as Value),
          { producer: made },
        ),
      )
    return made
  })
  const outputs = new Map<string, GraphValue>()
  for (const name of base.outputs.keys()) {
    const value = leaf(traces.map((one) => one.outputs.get(name) as Value))
    value.readers++
    outputs.set(name, value)
  }
  return { nodes, inputs, outputs, wholes: wholesOf(nodes, base.spans, stored) }
}

function equal(contents: readonly (Elements | undefined)[]): boolean {
  const [first] = contents
  return contents.every(
    (data) =>
      first !== undefined && data?.length === first.length && data.every((word, i) => Object.is(word, first[i])),
  )
}

/** How free sizes make the contents of a leaf: the first trace has the longest sequence. */
function rowsOf(
  values: readonly Value[],
  contents: readonly (Elements | undefined)[],
  at: readonly Free[],
): Rows | undefined {
  const [{ shape, dtype }] = values as [Value]
  const [most] = contents
  if (shape.length === 1 && dtype === 'int32' && contents.every((data) => data?.every((word, i) => word === i)))
    return 'count'
  const numbers = contents.map((data) => filled([data]))
  if (numbers.every((number) => Number.isInteger(number))) return dimOf(numbers as number[], at) as Affine
  const ofOneWidth = values.every((value) => String(value.shape.slice(1)) === String(shape.slice(1)))
  const nested = contents.every((data) => data?.every((word, i) => Object.is(word, most?.[i])))
  return shape.length > 0 && ofOneWidth && nested ? { table: most as Elements } : undefined
}

/** The number that all elements of all of them are. */
function filled(contents: readonly (Elements | undefined)[]): number | undefined {
  const number = contents[0]?.[0]
  return contents.every((data) => data?.every((word) => Object.is(word, number))) ? number : undefined
}
