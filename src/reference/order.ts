import { axis, flag, number } from './attrs.ts'
import { aroundAxis, input, type Reference, type Rows, zeros } from './tensor.ts'

const cumsum: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const { outer, n, inner } = aroundAxis(x.shape, axis(attrs, x.shape.length))
  const y = zeros(x.shape)
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let sum = 0
      for (let k = 0; k < n; k++) {
        const at = (o * n + (flag(attrs, 'reverse') ? n - 1 - k : k)) * inner + i
        sum += x.data[at] as number
        y.data[at] = sum
      }
    }
  }
  return [y]
}

/** The order of each row of the last axis; equal elements stay in order, NaN comes last whatever the direction. */
const argsort: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const n = x.shape.at(-1) ?? 1
  const y = zeros(x.shape)
  const sign = flag(attrs, 'descending') ? -1 : 1
  for (let first = 0; first < x.data.length; first += n) {
    const value = (i: number): number => x.data[first + i] as number
    const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => {
      const [p, q] = [value(a), value(b)]
      if (Number.isNaN(p) || Number.isNaN(q)) return Number(Number.isNaN(p)) - Number(Number.isNaN(q))
      return p === q ? 0 : p < q ? -sign : sign
    })
    y.data.set(order, first)
  }
  return [y]
}

const triangle: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const [m = 1, n = 1] = x.shape.slice(-2)
  const diagonal = number(attrs, 'diagonal')
  const data = x.data.map((v, at) => {
    const distance = (at % n) - (Math.floor(at / n) % m)
    return (flag(attrs, 'upper') ? distance >= diagonal : distance <= diagonal) ? v : 0
  })
  return [{ shape: x.shape, data }]
}

export const order: Rows<'cumsum' | 'argsort' | 'triangle'> = { cumsum, argsort, triangle }
