/** A tensor of the f64 reference: C order; integers are stored as doubles. */
export interface RefTensor {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

export type Attrs = Readonly<Record<string, unknown>>

/** What one operation computes, as plainly as it can be written: no speed, no tricks, one rounding to f64 a step. */
export type Reference = (inputs: readonly RefTensor[], attrs: Attrs) => readonly RefTensor[]

/** References of a family, by the names of the operations. */
export type Rows<Name extends string> = Readonly<Record<Name, Reference>>

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

export function zeros(shape: readonly number[]): RefTensor {
  return { shape, data: new Float64Array(sizeOf(shape)) }
}

/** Steps in elements between neighbours along each axis of a contiguous tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = new Array(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= shape[axis] as number
  }
  return strides
}

/** Strides that walk `from` while the index runs over `to`: 0 along the axes that are repeated. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const own = stridesOf(from)
  const missing = to.length - from.length
  return to.map((_, axis) => {
    const at = axis - missing
    return at < 0 || from[at] === 1 ? 0 : (own[at] as number)
  })
}

/** NumPy's rule: axes are aligned at the end; sizes are equal or one of them is 1. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const p = a[axis - rank + a.length] ?? 1
    const q = b[axis - rank + b.length] ?? 1
    if (p !== q && p !== 1 && q !== 1) throw new RangeError(`shapes [${a}] and [${b}] do not broadcast`)
    return p === 1 ? q : p
  })
}

/** Offsets of the elements of `shape`, in C order, at the given strides. */
export function offsetsOf(shape: readonly number[], strides: readonly number[], start = 0): Float64Array {
  let offsets = Float64Array.of(start)
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis] as number
    const next = new Float64Array(offsets.length * size)
    for (let o = 0; o < offsets.length; o++) {
      for (let i = 0; i < size; i++) next[o * size + i] = (offsets[o] as number) + i * (strides[axis] as number)
    }
    offsets = next
  }
  return offsets
}

/** `shape` seen as [outer, n, inner] around one axis. */
export function aroundAxis(shape: readonly number[], axis: number): { outer: number; n: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), n: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)) }
}

export function input(inputs: readonly RefTensor[], index: number): RefTensor {
  const tensor = inputs[index]
  if (tensor === undefined) throw new RangeError(`operand ${index} is missing`)
  return tensor
}
