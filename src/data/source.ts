// Where pipelines begin: whatever can be looped over, once or for every epoch.
import { DataError } from '../errors.ts'
import { streamed } from './bytes.ts'
import { failure } from './collect.ts'
import { type Column, type Dataset, width } from './dataset.ts'

/** What a pipeline reads from. A function is called for each epoch; a stream or iterator can be read in one alone. */
export type Source<T> =
  | Iterable<T>
  | AsyncIterable<T>
  | ReadableStream<T>
  | ((epoch: number) => Iterable<T> | AsyncIterable<T> | ReadableStream<T> | Promise<Iterable<T> | AsyncIterable<T>>)

export type Open<T> = (epoch: number) => AsyncIterable<T>

/** The rows of a data set as examples, copied. */
export async function* rowsOf({ size, columns }: Dataset): AsyncGenerator<Record<string, Float32Array | Int32Array>> {
  const parts = Object.entries<Column>(columns).map(([name, { data, shape }]) => ({ name, data, n: width(shape) }))
  for (let row = 0; row < size; row++) {
    const example: Record<string, Float32Array | Int32Array> = Object.create(null)
    for (const { name, data, n } of parts) example[name] = data.slice(row * n, (row + 1) * n)
    yield example
  }
}

export function opener<T>(source: Source<T>): Open<T> {
  let used = false
  const once = typeof source !== 'function' && readOnce(source)
  return async function* (epoch) {
    if (once && used)
      throw new DataError('the source can be read once alone', {
        where: 'pipeline',
        expected: 'a list or another iterable that begins anew, or a function that opens one',
        hint: 'Or keep what it brings: .cache(most).',
      })
    used = true
    let index = 0
    try {
      const opened = typeof source === 'function' ? await source(epoch) : source
      for await (const example of iterable(opened)) {
        index++
        yield example
      }
    } catch (cause) {
      throw failure('the source', index, epoch, cause)
    }
  }
}

const readOnce = (source: object): boolean =>
  source instanceof ReadableStream ||
  (Symbol.asyncIterator in source && Object.is(call(source, Symbol.asyncIterator), source)) ||
  (Symbol.iterator in source && Object.is(call(source, Symbol.iterator), source))

/** An iterator gives itself; asking anything else would begin it. */
function call(source: object, method: typeof Symbol.iterator | typeof Symbol.asyncIterator): unknown {
  return 'next' in source ? (source as Record<symbol, () => unknown>)[method]?.() : undefined
}

function iterable<T>(source: Iterable<T> | AsyncIterable<T> | ReadableStream<T>): AsyncIterable<T> | Iterable<T> {
  if (source instanceof ReadableStream && !(Symbol.asyncIterator in source))
    return streamed(source as ReadableStream<T>)
  return source as AsyncIterable<T>
}
