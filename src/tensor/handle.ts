import { DisposedError, DTypeError, ShapeError } from '../errors.ts'
import { type Elements, type Engine, GONE } from '../program/engine.ts'
import { type DType, type Shape, sizeOf, type Value } from '../program/graph.ts'
import { shapeText } from './shape.ts'

/** What every tensor handle can do: say what it is, be read, be disposed of. Operations are added in `ops/`. */
export class Handle implements Disposable {
  readonly engine: Engine
  /** The value that the handle stands for now. */
  state: Value
  private alive = true

  constructor(engine: Engine, value: Value) {
    this.engine = engine
    this.state = engine.retain(value)
    engine.handles++
    engine.scopes.at(-1)?.add(this)
  }

  /** Sizes of the axes. */
  get shape(): Shape {
    return this.state.shape
  }
  get dtype(): DType {
    return this.state.dtype
  }
  /** Number of axes. */
  get rank(): number {
    return this.state.shape.length
  }
  /** Number of elements. */
  get size(): number {
    return sizeOf(this.state.shape)
  }
  get isDisposed(): boolean {
    return !this.alive
  }

  /** The value, for an operation. Throws DisposedError. */
  use(where: string): Value {
    if (!this.alive) throw new DisposedError('the tensor was disposed of', { where, ...hintOf('disposed') })
    const { gone } = this.state
    if (gone !== undefined) throw new DisposedError(`the tensor ${GONE[gone].what}`, { where, ...hintOf(gone) })
    return this.state
  }

  /** A copy of the elements in C order; computes what is pending. The portable way to read. */
  async data(): Promise<Elements> {
    const value = this.use('data()')
    await this.engine.flushAsync()
    return this.engine.read(value)
  }

  /** A copy of the elements in C order, at once. Not on the main thread of a page, which may not block. */
  dataSync(): Elements {
    return this.engine.read(this.use('dataSync()'))
  }

  /** The only element, at once. */
  item(): number {
    if (this.size !== 1)
      throw new ShapeError('item() reads tensors of one element', { where: 'item()', received: shapeText(this.shape) })
    return this.dataSync()[0] as number
  }

  /** Overwrites the elements from JavaScript. Only for variables and the inputs of steps. */
  protected write(data: ArrayLike<number>, where: string): void {
    const value = this.use(where)
    if (data.length !== this.size)
      throw new ShapeError('the data does not fill the tensor', {
        where,
        expected: `${this.size} numbers for ${shapeText(this.shape)}`,
        received: String(data.length),
      })
    this.engine.flush()
    this.engine.idle(where)
    this.engine.elements(value).set(data)
  }

  /** Frees the memory when no other tensor or step needs it. Safe to call twice. */
  dispose(): void {
    if (!this.alive) return
    this.alive = false
    this.engine.handles--
    for (const scope of this.engine.scopes) scope.delete(this)
    this.engine.release(this.state)
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** What JSON.stringify writes: shape and type; the elements have to be read. */
  toJSON(): { shape: Shape; dtype: DType } {
    return { shape: this.shape, dtype: this.dtype }
  }

  toString(): string {
    return `Tensor(${shapeText(this.shape)}, ${this.dtype})`
  }
}

// What console.log shows in Node, Deno and Bun, instead of the whole engine.
Object.defineProperty(Handle.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Handle) {
    return this.toString()
  },
})

function hintOf(gone: NonNullable<Value['gone']>): { hint: string } {
  return { hint: GONE[gone].hint }
}

/** The value of a handle of the wanted element type. */
export function useAs(handle: Handle, dtype: DType, where: string): Value {
  const value = handle.use(where)
  if (value.dtype !== dtype)
    throw new DTypeError('the element type does not fit', { where, expected: dtype, received: value.dtype })
  return value
}
