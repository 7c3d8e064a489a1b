import type { Lowering } from './lower.ts'

/** Element types. `float64` is for control scalars (rank 0): learning rate, step count and the like. */
export type DType = 'float32' | 'int32' | 'float64'

export const bytesPerElement = (dtype: DType): number => (dtype === 'float64' ? 8 : 4)

export type Shape = readonly number[]
export type Attrs = Readonly<Record<string, unknown>>

export const sizeOf = (shape: Shape): number => shape.reduce((size, axis) => size * axis, 1)

/** Shape and element type of a value. */
export interface Spec {
  readonly shape: Shape
  readonly dtype: DType
}

export const byteSize = (spec: Spec): number => sizeOf(spec.shape) * bytesPerElement(spec.dtype)

/** Bytes of engine memory that values occupy. */
export interface Storage {
  readonly address: number
  readonly bytes: number
}

/** A tensor of the graph: computed by `producer`, or a leaf that is in memory already. */
export interface Value extends Spec {
  producer: Node | undefined
  /** Which output of the producer. */
  readonly index: number
  /** Where the content is, once it is in memory. */
  storage: Storage | undefined
  /** Owners: handles, pending nodes that read it, tapes, steps. The storage goes with the last. */
  owners: number
  /** Why the content cannot be read any more. */
  gone: 'overwritten' | 'disposed' | 'captured' | undefined
}

export interface Node {
  /** Rising in the order of tracing. */
  readonly id: number
  readonly op: Op
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly attrs: Attrs
  /** The node whose gradient rule made it. */
  readonly origin: number | undefined
}

/** What the program layer needs to know of an operation; `ops/` adds the gradient and the documentation. */
export interface Op {
  readonly name: string
  /** Shapes and types of the outputs; throws a typed error when the inputs do not fit. */
  infer(inputs: readonly Spec[], attrs: Attrs): readonly Spec[]
  /** Emits the instructions that compute the outputs from the inputs. */
  lower(lowering: Lowering): void
  /** Which input each output overwrites (-1: none, it has memory of its own). */
  readonly inPlace?: readonly number[]
  /** The single output may take the memory of an input of the same size that is not needed any more. */
  readonly reuse?: boolean
  /** The single output is bytes of input 0 from this offset on: nothing is computed. */
  alias?(inputs: readonly Spec[], attrs: Attrs): number | undefined
  /** A node that computes the same together with a producer of one of its inputs. */
  absorb?(node: Node, fusion: Fusion): Replacement | undefined
  /** What computes such a node and an activation (ACT_*) of its output at once. */
  activated?(node: Replacement, activation: number): Replacement | undefined
  /** What computes such a node times the slope of the ReLU whose result is y. */
  sloped?(node: Replacement, y: Value): Replacement | undefined
  /** Attributes as they are told apart in programs (default: all of them, as JSON). */
  key?(attrs: Attrs): string
}

/** The node that stands in for another after fusing. */
export type Replacement = Pick<Node, 'op' | 'inputs' | 'attrs'>

export interface Fusion {
  /** What produces a value that nothing else reads, after earlier replacements. */
  soleProducer(value: Value): Replacement | undefined
  /**
   * Lets `wider`, which has the outputs of `op` and one more of the same kind, compute op(value): that output; undefined
   * where no earlier node is op(value) with these attributes.
   */
  widen(value: Value, op: Op, attrs: Attrs, wider: Op): Value | undefined
}

/** Which input each output of a node overwrites; -1: none. */
export const targetsOf = ({ op, outputs }: Pick<Node, 'op' | 'outputs'>): readonly number[] =>
  outputs.map((_, i) => op.inPlace?.[i] ?? -1)

let nodes = 0
let origin: number | undefined

/** The number that the next node will have. */
export const nextNode = (): number => nodes

/** Runs the gradient rule of a node: what it records remembers that node. */
export function ruleOf<T>(node: Node, rule: () => T): T {
  const before = origin
  origin = node.origin ?? node.id
  try {
    return rule()
  } finally {
    origin = before
  }
}

/** A node and its outputs; the caller appends it to a trace. */
export function createNode(op: Op, inputs: readonly Value[], attrs: Attrs): Node {
  const outputs: Value[] = []
  const node: Node = { id: nodes++, op, inputs, outputs, attrs, origin }
  for (const [index, spec] of op.infer(inputs, attrs).entries()) outputs.push(createValue(spec, node, index))
  return node
}

export function createValue(spec: Spec, producer?: Node, index = 0, storage?: Storage): Value {
  return { shape: spec.shape, dtype: spec.dtype, producer, index, storage, owners: 0, gone: undefined }
}
