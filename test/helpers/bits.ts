import type { Elements } from '../../src/index.ts'

const wordsOf = (data: Elements): Uint32Array => new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4)

/** Whether two results have different bits; a NaN may have any sign and payload, unless `nan`. */
export function differs(a: Elements, b: Elements, nan = false): boolean {
  const [p, q] = [wordsOf(a), wordsOf(b)]
  const free = !nan && a instanceof Float32Array
  return (
    p.length !== q.length || p.some((word, i) => word !== q[i] && !(free && Number.isNaN(a[i]) && Number.isNaN(b[i])))
  )
}
