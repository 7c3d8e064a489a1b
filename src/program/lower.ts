import { rowOf } from '../abi/encode.ts'
import type { KernelName, KernelOperands } from '../abi/kernels.ts'
import { type Attrs, byteSize, type Node, type Shape, type Spec, type Storage, targetsOf, type Value } from './graph.ts'

/** A piece of memory of a program: planned in its arena, or outside of it. */
export interface Buffer {
  readonly bytes: number
  /** Index among the externals; `undefined` for a temporary. */
  readonly external: number | undefined
  readonly label: string
}

/** Bytes of a buffer. */
export interface Ref {
  readonly buffer: Buffer
  readonly offset: number
  readonly bytes: number
}

type Operand<Kind> = Kind extends 'dims' ? readonly number[] : Kind extends 'u32' | 'i32' | 'f32' ? number : Ref | null
export type Operands<K extends KernelName> = { readonly [P in keyof KernelOperands[K]]: Operand<KernelOperands[K][P]> }
export type AnyOperands = Readonly<Record<string, Ref | null | number | readonly number[]>>

export interface Instruction {
  readonly name: KernelName
  readonly operands: AnyOperands
  /** The operation it comes from, and the shapes of its results. */
  readonly op: string
  readonly shapes: readonly Shape[]
  /** Changes persistent state: left out once the step has met an error. */
  readonly commit: boolean
  /** About how long it takes on one thread, in nanoseconds. */
  readonly cost: number
  /** The node it comes from, and the one whose gradient that belongs to. */
  readonly node: number
  readonly origin: number | undefined
}

/** What `Op.lower` sees: the operands of its node, and where to emit. */
export interface Lowering {
  readonly inputs: readonly Ref[]
  readonly outputs: readonly Ref[]
  readonly specs: readonly Spec[]
  readonly shapes: readonly Shape[]
  readonly outShapes: readonly Shape[]
  readonly attrs: Attrs
  emit<K extends KernelName>(name: K, operands: Operands<K>): void
  /** Scratch memory that lives from its first to its last use in the program. */
  temp(bytes: number): Ref
}

/** Memory that a program finds in place or that its caller allocates for an output. */
export interface External {
  readonly bytes: number
  readonly storage: Storage | undefined
  readonly output: Value | undefined
}

/** A program before it has addresses. */
export interface Lowered {
  readonly instructions: readonly Instruction[]
  readonly externals: readonly External[]
}

const wordsOf = (ref: Ref): number => ref.bytes / 4

/**
 * Gives every value its memory and emits the instructions of all nodes in trace order.
 *
 * `outputs` leave the program: each gets an external buffer. In-place nodes write into the storage of what they
 * update; an older version that is still to be read is copied out of the way first.
 */
export function lower(nodes: readonly Node[], outputs: ReadonlySet<Value>): Lowered {
  const instructions: Instruction[] = []
  const externals: External[] = []
  const leaves = new Map<Storage, Buffer>()
  const refs = new Map<Value, Ref>()
  const residents = new Map<Buffer, Value[]>()
  const lastRead = new Map<Value, number>()
  for (const [position, node] of nodes.entries()) for (const value of node.inputs) lastRead.set(value, position)
  for (const value of outputs) if (value.storage === undefined) lastRead.set(value, nodes.length)

  const settle = (value: Value, ref: Ref): Ref => {
    refs.set(value, ref)
    const list = residents.get(ref.buffer)
    if (list === undefined) residents.set(ref.buffer, [value])
    else list.push(value)
    return ref
  }
  const whole = (buffer: Buffer): Ref => ({ buffer, offset: 0, bytes: buffer.bytes })
  const temp = (bytes: number, label: string): Ref => whole({ bytes, external: undefined, label })
  const refOf = (value: Value): Ref => {
    const known = refs.get(value)
    if (known !== undefined) return known
    const { storage } = value
    if (storage === undefined) throw new Error(`a value of ${value.producer?.op.name ?? 'a leaf'} is not in memory`)
    let buffer = leaves.get(storage)
    if (buffer === undefined) {
      externals.push({ bytes: storage.bytes, storage, output: undefined })
      buffer = { bytes: storage.bytes, external: externals.length - 1, label: 'leaf' }
      leaves.set(storage, buffer)
    }
    return settle(value, { buffer, offset: 0, bytes: byteSize(value) })
  }
  const allocate = (value: Value, label: string): Ref => {
    const bytes = byteSize(value)
    if (!outputs.has(value)) return temp(bytes, label)
    externals.push({ bytes, storage: undefined, output: value })
    return whole({ bytes, external: externals.length - 1, label })
  }
  const readLater = (value: Value, position: number): boolean => (lastRead.get(value) ?? -1) > position

  /** The memory of an input that dies here, has the size of the output and belongs to the arena. */
  const reusable = (node: Node, position: number): Ref | undefined => {
    const bytes = byteSize(node.outputs[0] as Value)
    for (const input of node.inputs) {
      const ref = refOf(input)
      if (ref.buffer.external !== undefined || ref.buffer.bytes !== bytes) continue
      if (!(residents.get(ref.buffer) as Value[]).some((value) => readLater(value, position))) return ref
    }
    return undefined
  }

  for (const [position, node] of nodes.entries()) {
    const { op, inputs, outputs: results, attrs } = node
    const emit = (name: KernelName, operands: AnyOperands, commit: boolean): void => {
      const shapes = results.map((value) => value.shape)
      const { id, origin } = node
      const cost = costOf(name, operands)
      instructions.push({ name, operands, op: labelOf(node), shapes, commit, cost, node: id, origin })
    }
    const copyOut = (x: Ref, y: Ref): Ref => {
      if (x.bytes > 0) emit('copy', { x, y, n: wordsOf(x) }, false)
      return y
    }
    const inRefs = inputs.map(refOf)

    const aliased = op.alias?.(inputs, attrs)
    if (aliased !== undefined) {
      const to = results[0] as Value
      const from = inRefs[0] as Ref
      const view: Ref = { buffer: from.buffer, offset: from.offset + aliased, bytes: byteSize(to) }
      settle(to, outputs.has(to) ? copyOut(view, allocate(to, op.name)) : view)
      continue
    }

    const targets = targetsOf(node)
    for (const target of targets) {
      if (target < 0) continue
      const { buffer } = inRefs[target] as Ref
      for (const value of residents.get(buffer) as Value[]) {
        const ref = refs.get(value) as Ref
        if (ref.buffer === buffer && readLater(value, position)) settle(value, copyOut(ref, temp(ref.bytes, 'version')))
      }
    }
    for (const [i, value] of results.entries()) {
      const target = targets[i] ?? -1
      if (target >= 0) settle(value, inRefs[target] as Ref)
      else {
        const reused = op.reuse === true && !outputs.has(value) ? reusable(node, position) : undefined
        settle(value, reused ?? allocate(value, op.name))
      }
    }
    const commit = targets.some((target) => target >= 0)
    if (results.every((value) => byteSize(value) === 0)) continue
    op.lower({
      inputs: inRefs,
      outputs: results.map(refOf),
      specs: inputs,
      shapes: inputs.map((value) => value.shape),
      outShapes: results.map((value) => value.shape),
      attrs,
      emit: (name, operands) => emit(name, operands as AnyOperands, commit),
      temp: (bytes) => temp(bytes, `${op.name} scratch`),
    })
  }
  return { instructions, externals }
}

/** The operation, with the function that it applies where it has several. */
function labelOf({ op, attrs }: Node): string {
  return typeof attrs['fn'] === 'string' ? `${op.name} ${attrs['fn']}` : op.name
}

function costOf(name: KernelName, operands: AnyOperands): number {
  return rowOf(name).cost(operands as Readonly<Record<string, number>>)
}
