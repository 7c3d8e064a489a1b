import type { DType } from '../../program/graph.ts'
import { Message } from '../protobuf.ts'
import type { Dim } from './dims.ts'

// The messages of onnx.proto that a model needs; numbers of fields are theirs.

/** int, float, string, graph, ints or strings. */
export type Attribute =
  | number
  | { readonly float: number }
  | string
  | { readonly graph: OnnxGraph }
  | readonly number[]
  | readonly string[]

export interface OnnxNode {
  readonly type: string
  readonly name: string
  readonly inputs: string[]
  readonly outputs: string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export type OnnxType = DType | 'int64'
export type OnnxData = Float32Array | Float64Array | Int32Array | BigInt64Array

export interface Initializer {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: OnnxData
}

/** An input or output of the graph. */
export interface Port {
  readonly name: string
  readonly dtype: DType
  readonly dims: readonly Dim[]
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly Initializer[]
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
}

export interface OnnxMetadata {
  readonly opset: number
  readonly producer: string
  readonly description: string
  readonly properties: Iterable<readonly [string, string]>
}

/** Numbers of the types in TensorProto. */
export const TYPES: Readonly<Record<OnnxType, number>> = { float32: 1, int32: 6, int64: 7, float64: 11 }
/** The version of the format that came with opset 17. */
const IR_VERSION = 8

function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name)
  if (typeof value === 'number') return message.int(3, value).int(20, 2)
  if (typeof value === 'string') return message.text(4, value).int(20, 3)
  if ('float' in value) return message.float(2, value.float).int(20, 1)
  if ('graph' in value) return message.message(6, graphOf(value.graph)).int(20, 5)
  const strings = typeof value[0] === 'string'
  for (const item of value) typeof item === 'string' ? message.text(9, item) : message.int(8, item)
  return message.int(20, strings ? 8 : 7)
}

function node({ type, name, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message()
  for (const input of inputs) message.text(1, input)
  for (const output of outputs) message.text(2, output)
  message.text(3, name).text(4, type)
  for (const [key, value] of Object.entries(attributes)) message.message(5, attribute(key, value))
  return message
}

const typeOf = (data: OnnxData): OnnxType =>
  data instanceof Float32Array
    ? 'float32'
    : data instanceof Float64Array
      ? 'float64'
      : data instanceof Int32Array
        ? 'int32'
        : 'int64'

function tensor({ name, shape, data }: Initializer): Message {
  const message = new Message()
  for (const axis of shape) message.int(1, axis)
  // Words of engine memory are little-endian, as raw_data has them.
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return message.int(2, TYPES[typeOf(data)]).text(8, name).blob(9, raw)
}

/** The name of a size: that of the batch or of a sequence, or an expression of them. */
function symbol({ offset, batch, time, both }: Exclude<Dim, number>): string {
  const terms = [
    [batch, 'batch'],
    [time, 'time'],
    [both, 'batch*time'],
  ] as const
  const text = terms
    .filter(([factor]) => factor !== 0)
    .map(([factor, name]) => (factor === 1 ? name : `${factor}*${name}`))
    .join('+')
  return offset === 0 ? text : `${text}${offset > 0 ? '+' : ''}${offset}`
}

function port({ name, dtype, dims }: Port): Message {
  const shape = new Message()
  for (const dim of dims)
    shape.message(1, typeof dim === 'number' ? new Message().int(1, dim) : new Message().text(2, symbol(dim)))
  const type = new Message().int(1, TYPES[dtype]).message(2, shape)
  return new Message().text(1, name).message(2, new Message().message(1, type))
}

function graphOf({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Message {
  const body = new Message()
  for (const item of nodes) body.message(1, node(item))
  body.text(2, name)
  for (const item of initializers) body.message(5, tensor(item))
  for (const item of inputs) body.message(11, port(item))
  for (const item of outputs) body.message(12, port(item))
  return body
}

/** The bytes of an ONNX file. */
export function encodeModel(graph: OnnxGraph, metadata: OnnxMetadata): Uint8Array<ArrayBuffer> {
  const model = new Message().int(1, IR_VERSION).text(2, metadata.producer)
  if (metadata.description !== '') model.text(6, metadata.description)
  model.message(7, graphOf(graph)).message(8, new Message().text(1, '').int(2, metadata.opset))
  for (const [key, value] of metadata.properties) model.message(14, new Message().text(1, key).text(2, value))
  return model.finish().slice()
}
