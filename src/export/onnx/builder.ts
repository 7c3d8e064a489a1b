import { ExportError } from '../../errors.ts'
import type { DType } from '../../program/graph.ts'
import { type Dim, type Free, fixed, isAffine } from './dims.ts'
import { type Attribute, type Initializer, type OnnxData, type OnnxNode, TYPES } from './encode.ts'
import type { GraphNode, GraphValue, Rows } from './trace.ts'

/** An axis of an input that has each of the free sizes. */
export type FreeAxes = { readonly [name in keyof Free]?: { readonly input: string; readonly axis: number } | undefined }

/** Collects the nodes and initializers of an ONNX graph. */
export class Builder {
  readonly nodes: OnnxNode[] = []
  readonly initializers: Map<string, Initializer> = new Map()
  /** Names of the graph's values, once they have one. */
  readonly names: Map<GraphValue, string> = new Map()
  /** Sequences of which ONNX has one step only: its name, and which step it is. */
  readonly lastOf: Map<GraphValue, { readonly name: string; readonly at: Dim }> = new Map()
  /** Results that are written only where something reads them. */
  readonly later: Map<GraphValue, () => string> = new Map()
  private readonly taken = new Set<string>()
  private readonly constants = new Map<string, string>()
  private readonly sizes = new Map<string, string>()
  private readonly plain = new Map<GraphValue, string>()
  private readonly free: FreeAxes
  /** The layer whose nodes are being added. */
  layer: string | undefined

  constructor(reserved: Iterable<string>, free: FreeAxes) {
    for (const name of reserved) this.taken.add(name)
    this.free = free
  }

  /** A name that no other value has. */
  fresh(base: string): string {
    let name = base
    for (let i = 1; this.taken.has(name); i++) name = `${base}_${i}`
    this.taken.add(name)
    return name
  }

  /** Adds a node; returns the names of its outputs. */
  all(
    type: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const name = this.fresh(`${this.layer ? `${this.layer}/` : ''}${type}`)
    const outputs = Array.from({ length: count }, (_, i) => this.fresh(`${name}_out${count > 1 ? i : ''}`))
    this.nodes.push({ type, name, inputs: [...inputs], outputs, attributes })
    return outputs
  }

  /** Adds a node of one output; returns its name. */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.all(type, inputs, 1, attributes)[0] as string
  }

  /** A tensor of known content. */
  constant(data: OnnxData, shape: readonly number[], base = 'constant'): string {
    const key = data.length <= 64 ? `${data.constructor.name}[${shape}]${[...data].map(wordText)}` : undefined
    const known = key === undefined ? undefined : this.constants.get(key)
    if (known !== undefined) return known
    const name = this.fresh(base)
    this.initializers.set(name, { name, shape, data })
    if (key !== undefined) this.constants.set(key, name)
    return name
  }

  number(value: number): string {
    return this.constant(Float32Array.of(value), [])
  }

  ints(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length])
  }

  private memo(key: string, make: () => string): string {
    let made = this.sizes.get(key)
    if (made === undefined) this.sizes.set(key, (made = make()))
    return made
  }

  /** int64 [1]: one of the free sizes. */
  private freeSize(name: keyof Free): string {
    const { input = '', axis = 0 } = this.free[name] ?? {}
    return this.memo(name, () => this.node('Shape', [input], { start: axis, end: axis + 1 }))
  }

  /** int64 [1]: a size. */
  private size(dim: Dim): string {
    if (!isAffine(dim)) return this.ints([dim])
    const { offset, batch, time, both } = dim
    const times = (key: string, factor: number, make: () => string): string[] =>
      factor === 0
        ? []
        : [factor === 1 ? make() : this.memo(`${factor} ${key}`, () => this.node('Mul', [make(), this.ints([factor])]))]
    const area = (): string =>
      this.memo('both', () => this.node('Mul', [this.freeSize('batch'), this.freeSize('time')]))
    return this.memo(`${[offset, batch, time, both]}`, () =>
      [
        ...times('batch', batch, () => this.freeSize('batch')),
        ...times('time', time, () => this.freeSize('time')),
        ...times('both', both, area),
        ...(offset === 0 ? [] : [this.ints([offset])]),
      ].reduce((sum, term) => this.node('Add', [sum, term])),
    )
  }

  /** int64 [n]: sizes. */
  dims(dims: readonly Dim[]): string {
    if (!dims.some(isAffine)) return this.ints(dims as readonly number[])
    if (dims.length === 1) return this.size(dims[0] as Dim)
    return this.node(
      'Concat',
      dims.map((dim) => this.size(dim)),
      { axis: 0 },
    )
  }

  reshape(x: string, dims: readonly Dim[]): string {
    const free = dims.filter(isAffine).length
    // -1 stands for what is left, where nothing is 0
    if (free === 1 && !dims.includes(0))
      return this.node('Reshape', [x, this.ints(dims.map((dim) => (isAffine(dim) ? -1 : dim)))])
    return this.node('Reshape', [x, this.dims(dims)], dims.includes(0) ? { allowzero: 1 } : {})
  }

  /** The name of a value as it is in memory. */
  name(value: GraphValue): string {
    const { stored } = value
    if (stored?.axes === undefined) return this.raw(value)
    let name = this.plain.get(value)
    if (name === undefined) {
      const { axes } = stored
      name = this.node('Transpose', [this.raw(value)], { perm: axes.map((_, axis) => axes.indexOf(axis)) })
      this.plain.set(value, name)
    }
    return name
  }

  /** The name of a value; a stored one has the layout of state dicts. */
  raw(value: GraphValue): string {
    let name = this.names.get(value)
    if (name !== undefined) return name
    name = this.leaf(value)
    this.names.set(value, name)
    return name
  }

  private leaf(value: GraphValue): string {
    const { data, fill, rows, dims, dtype, stored, input, producer } = value
    if (input !== undefined) return input
    if (fill !== undefined) return this.filled(dims, dtype, fill)
    if (rows !== undefined) return this.rows(rows, dims, dtype)
    const later = this.later.get(value)
    if (later !== undefined) return later()
    if (data === undefined)
      throw new ExportError('ONNX does not give this result of the operation', {
        where: producer?.op.name ?? 'exportOnnx',
      })
    const shape = dims.map((dim) => fixed(dim, 'a constant'))
    if (stored === undefined) return this.constant(data, shape)
    const name = this.fresh(stored.name)
    const { axes } = stored
    this.initializers.set(
      name,
      axes === undefined
        ? { name, shape, data }
        : { name, shape: axes.map((axis) => shape[axis] as number), data: permuted(data, shape, axes) },
    )
    return name
  }

  /** A tensor of one number whose size may depend on the batch. */
  filled(dims: readonly Dim[], dtype: DType, value: number): string {
    const one = dtype === 'int32' ? Int32Array.of(value) : Float32Array.of(value)
    return this.node('Expand', [this.constant(one, []), this.dims(dims)])
  }

  /** A leaf that follows from free sizes. */
  private rows(rows: Rows, dims: readonly Dim[], dtype: DType): string {
    const scalar = (dim: Dim): string =>
      this.node('Cast', [this.node('Squeeze', [this.size(dim), this.ints([0])])], { to: TYPES[dtype] })
    const [length = 0, ...width] = dims
    if (rows === 'count') {
      const [zero, one] = [0, 1].map((n) => this.constant(Int32Array.of(n), [])) as [string, string]
      return this.node('Range', [zero, scalar(length), one])
    }
    if (!('table' in rows))
      return dims.length === 0 ? scalar(rows) : this.node('Expand', [scalar(rows), this.dims(dims)])
    const shape = width.map((dim) => fixed(dim, 'a constant'))
    const most = rows.table.length / shape.reduce((product, n) => product * n, 1)
    const table = this.constant(rows.table, [most, ...shape], 'table')
    return this.node('Slice', [table, this.ints([0]), this.size(length), this.ints([0])])
  }

  /** Gives a value its name in the interface of the graph. */
  publish(name: string, as: string): void {
    const made = this.nodes.find(({ outputs }) => outputs.includes(name))
    const published = this.published.has(name)
    if (made === undefined || published) {
      this.nodes.push({ type: 'Identity', name: this.fresh('Identity'), inputs: [name], outputs: [as], attributes: {} })
      return
    }
    this.published.add(as)
    for (const { inputs, outputs } of this.nodes)
      for (const list of [inputs, outputs]) for (const [i, one] of list.entries()) if (one === name) list[i] = as
    for (const [value, known] of this.names) if (known === name) this.names.set(value, as)
  }
  private readonly published = new Set<string>()

  /** What the outputs need: nodes in order, and the initializers they read. */
  needed(outputs: Iterable<string>): { nodes: OnnxNode[]; initializers: Initializer[] } {
    const wanted = new Set(outputs)
    const nodes: OnnxNode[] = []
    for (const node of [...this.nodes].reverse()) {
      if (!node.outputs.some((name) => wanted.has(name))) continue
      for (const name of node.inputs) wanted.add(name)
      nodes.push(node)
    }
    return {
      nodes: nodes.reverse(),
      initializers: [...this.initializers.values()].filter(({ name }) => wanted.has(name)),
    }
  }
}

/** A number as text that tells -0 and NaN apart. */
const wordText = (word: number | bigint): string => (Object.is(word, -0) ? '-0' : String(word))

function permuted<T extends OnnxData>(data: T, shape: readonly number[], axes: readonly number[]): T {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1))
  const sizes = axes.map((axis) => shape[axis] as number)
  const result = data.slice() as T
  for (let i = 0; i < result.length; i++) {
    let [rest, from] = [i, 0]
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const size = sizes[axis] as number
      from += (rest % size) * (strides[axes[axis] as number] as number)
      rest = Math.floor(rest / size)
    }
    result[i] = data[from] as never
  }
  return result
}

/** What a row of the mapping sees of its node. */
export interface Context {
  readonly build: Builder
  readonly node: GraphNode
  /** Names of the inputs, as they are in memory. */
  readonly x: (i: number) => string
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  /** An attribute that the batch may not change. */
  attr<T>(name: string): T
  /** A list of sizes among the attributes. */
  sizes(name: string): readonly Dim[]
}

export function contextOf(build: Builder, node: GraphNode): Context {
  return {
    build,
    node,
    inputs: node.inputs,
    outputs: node.outputs,
    x: (i) => build.name(node.inputs[i] as GraphValue),
    attr<T>(name: string): T {
      const value = node.attrs[name]
      for (const item of Array.isArray(value) ? value : [value]) if (isAffine(item)) fixed(item, name)
      return value as T
    },
    sizes: (name) => node.attrs[name] as readonly Dim[],
  }
}
