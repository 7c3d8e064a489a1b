import { flag, text } from './attrs.ts'
import { type Attrs, input, type Reference, type RefTensor, type Rows, zeros } from './tensor.ts'

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v))

/** Step numbers in the order of the recurrence. */
const orderOf = (steps: number, attrs: Attrs): number[] => {
  const order = Array.from({ length: steps }, (_, t) => t)
  return flag(attrs, 'reverse') ? order.reverse() : order
}

/** Row r of step t of a sequence [steps, rows, width]. */
const rowAt = ({ shape, data }: RefTensor, t: number, r: number): Float64Array => {
  const [, rows, width] = shape as [number, number, number]
  return data.subarray((t * rows + r) * width, (t * rows + r + 1) * width)
}
const stateAt = ({ shape, data }: RefTensor, r: number): Float64Array =>
  data.subarray(r * (shape[1] as number), (r + 1) * (shape[1] as number))

/** h w for a row h [n] and w [n, wide]. */
function times(h: Float64Array, { shape, data }: RefTensor): Float64Array {
  const wide = shape[1] as number
  return Float64Array.from({ length: wide }, (_, j) =>
    h.reduce((sum, v, k) => sum + v * (data[k * wide + j] as number), 0),
  )
}

/** d w^T for a row d [wide]. */
function timesTurned(d: Float64Array, { shape: [n = 0, wide = 0], data }: RefTensor): Float64Array {
  return Float64Array.from({ length: n }, (_, k) =>
    d.reduce((sum, v, j) => sum + v * (data[k * wide + j] as number), 0),
  )
}

/** Visits each row of each step, in order, with the states before it. */
function walk(
  x: RefTensor,
  attrs: Attrs,
  y: RefTensor,
  h0: RefTensor,
  visit: (t: number, r: number, before: Float64Array, previous: number | undefined) => void,
): void {
  const [steps, rows] = x.shape as [number, number]
  const order = orderOf(steps, attrs)
  for (const [i, t] of order.entries())
    for (let r = 0; r < rows; r++) {
      const previous = order[i - 1]
      visit(t, r, previous === undefined ? stateAt(h0, r) : rowAt(y, previous, r), previous)
    }
}

const rnn: Reference = (inputs, attrs) => {
  const [x, w, h0] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)]
  const y = zeros(x.shape)
  const f = text(attrs, 'activation') === 'relu' ? (v: number): number => Math.max(v, 0) : Math.tanh
  walk(x, attrs, y, h0, (t, r, before) => {
    const u = times(before, w)
    rowAt(y, t, r).set(rowAt(x, t, r).map((v, j) => f(v + (u[j] as number))))
  })
  return [y]
}

const lstm: Reference = (inputs, attrs) => {
  const [x, w, h0, c0] = [input(inputs, 0), input(inputs, 1), input(inputs, 2), input(inputs, 3)]
  const [steps, rows] = x.shape as [number, number]
  const n = h0.shape[1] as number
  const [y, c, gates] = [zeros([steps, rows, n]), zeros([steps, rows, n]), zeros(x.shape)]
  walk(x, attrs, y, h0, (t, r, before, previous) => {
    const cell = previous === undefined ? stateAt(c0, r) : rowAt(c, previous, r)
    const u = times(before, w)
    const a = rowAt(x, t, r).map((v, j) => (Math.floor(j / n) === 2 ? Math.tanh : sigmoid)(v + (u[j] as number)))
    rowAt(gates, t, r).set(a)
    for (let j = 0; j < n; j++) {
      const [i, f, g, o] = [a[j], a[n + j], a[2 * n + j], a[3 * n + j]] as [number, number, number, number]
      const next = f * (cell[j] as number) + i * g
      rowAt(c, t, r)[j] = next
      rowAt(y, t, r)[j] = o * Math.tanh(next)
    }
  })
  return [y, c, gates]
}

const gru: Reference = (inputs, attrs) => {
  const [x, w, h0, bias] = [input(inputs, 0), input(inputs, 1), input(inputs, 2), input(inputs, 3)]
  const [steps, rows] = x.shape as [number, number]
  const n = h0.shape[1] as number
  const [y, gates] = [zeros([steps, rows, n]), zeros([steps, rows, 4 * n])]
  walk(x, attrs, y, h0, (t, r, before) => {
    const u = times(before, w).map((v, j) => v + (bias.data[j] as number))
    const own = rowAt(x, t, r)
    const to = rowAt(gates, t, r)
    for (let j = 0; j < n; j++) {
      const reset = sigmoid((own[j] as number) + (u[j] as number))
      const z = sigmoid((own[n + j] as number) + (u[n + j] as number))
      const fresh = Math.tanh((own[2 * n + j] as number) + reset * (u[2 * n + j] as number))
      to[j] = reset
      to[n + j] = z
      to[2 * n + j] = fresh
      to[3 * n + j] = u[2 * n + j] as number
      rowAt(y, t, r)[j] = (1 - z) * fresh + z * (before[j] as number)
    }
  })
  return [y, gates]
}

/** What the three backward passes share: the gradients of the products with the state, step by step from the last. */
interface Pass {
  readonly dy: RefTensor
  readonly w: RefTensor
  readonly h0: RefTensor
  readonly y: RefTensor
  readonly gates: number
  /** Gradient of the product of one row from that of its state; returns what reaches the state before past it. */
  readonly cell: (t: number, r: number, d: Float64Array, du: Float64Array, previous: number | undefined) => Float64Array
}

function backwards(
  { dy, w, h0, y, gates, cell }: Pass,
  attrs: Attrs,
): { du: RefTensor; dw: RefTensor; dh0: RefTensor } {
  const [steps, rows, n] = dy.shape as [number, number, number]
  const [du, dw, dh0] = [zeros([steps, rows, gates * n]), zeros(w.shape), zeros(h0.shape)]
  const order = orderOf(steps, attrs).reverse()
  for (let r = 0; r < rows; r++) {
    let dh = new Float64Array(n)
    for (const [i, t] of order.entries()) {
      const previous = order[i + 1]
      const d = rowAt(dy, t, r).map((v, j) => v + (dh[j] as number))
      const product = rowAt(du, t, r)
      const past = cell(t, r, d, product, previous)
      dh = timesTurned(product, w).map((v, j) => v + (past[j] as number))
      const before = previous === undefined ? stateAt(h0, r) : rowAt(y, previous, r)
      before.forEach((h, k) => {
        product.forEach((v, j) => {
          dw.data[k * gates * n + j] = (dw.data[k * gates * n + j] as number) + h * v
        })
      })
    }
    stateAt(dh0, r).set(dh)
  }
  return { du, dw, dh0 }
}

/** Differences inside the rules; a bound on rounding takes sums of magnitudes instead. */
export type Difference = (a: number, b: number) => number
const minus: Difference = (a, b) => a - b

export function rnnGrad(inputs: readonly RefTensor[], attrs: Attrs): RefTensor[] {
  const [dy, w, h0, y] = [input(inputs, 0), input(inputs, 1), input(inputs, 2), input(inputs, 3)]
  const none = new Float64Array(h0.shape[1] as number)
  const relu = text(attrs, 'activation') === 'relu'
  const cell: Pass['cell'] = (t, r, d, du) => {
    const h = rowAt(y, t, r)
    for (let j = 0; j < du.length; j++) {
      const v = h[j] as number
      du[j] = (d[j] as number) * (relu ? (v > 0 ? 1 : 0) : 1 - v * v)
    }
    return none
  }
  const { du, dw, dh0 } = backwards({ dy, w, h0, y, gates: 1, cell }, attrs)
  return [du, dw, dh0]
}

export function lstmGrad(inputs: readonly RefTensor[], attrs: Attrs): RefTensor[] {
  const [dy, w, h0, c0] = [input(inputs, 0), input(inputs, 1), input(inputs, 2), input(inputs, 3)]
  const [y, c, gates] = [input(inputs, 4), input(inputs, 5), input(inputs, 6)]
  const dcs = inputs[7]
  const n = h0.shape[1] as number
  const none = new Float64Array(n)
  const dc = zeros(c0.shape)
  const cell: Pass['cell'] = (t, r, d, du, previous) => {
    const a = rowAt(gates, t, r)
    const before = previous === undefined ? stateAt(c0, r) : rowAt(c, previous, r)
    for (let j = 0; j < n; j++) {
      const [i, f, g, o] = [a[j], a[n + j], a[2 * n + j], a[3 * n + j]] as [number, number, number, number]
      const th = Math.tanh(rowAt(c, t, r)[j] as number)
      const dh = d[j] as number
      const outside = dcs === undefined ? 0 : (rowAt(dcs, t, r)[j] as number)
      const total = (stateAt(dc, r)[j] as number) + outside + dh * o * (1 - th * th)
      du[j] = total * g * i * (1 - i)
      du[n + j] = total * (before[j] as number) * f * (1 - f)
      du[2 * n + j] = total * i * (1 - g * g)
      du[3 * n + j] = dh * th * o * (1 - o)
      stateAt(dc, r)[j] = total * f
    }
    return none
  }
  const { du, dw, dh0 } = backwards({ dy, w, h0, y, gates: 4, cell }, attrs)
  return [du, dw, dh0, dc]
}

export function gruGrad(inputs: readonly RefTensor[], attrs: Attrs, less: Difference = minus): RefTensor[] {
  const [dy, w, h0, y, gates] = [0, 1, 2, 3, 4].map((i) => input(inputs, i)) as [
    RefTensor,
    RefTensor,
    RefTensor,
    RefTensor,
    RefTensor,
  ]
  const n = h0.shape[1] as number
  const [steps, rows] = dy.shape as [number, number]
  const dx = zeros([steps, rows, 3 * n])
  const cell: Pass['cell'] = (t, r, d, du, previous) => {
    const a = rowAt(gates, t, r)
    const before = previous === undefined ? stateAt(h0, r) : rowAt(y, previous, r)
    const past = new Float64Array(n)
    for (let j = 0; j < n; j++) {
      const [reset, z, fresh, u] = [a[j], a[n + j], a[2 * n + j], a[3 * n + j]] as [number, number, number, number]
      const dh = d[j] as number
      const dn = dh * (1 - z) * (1 - fresh * fresh)
      du[j] = dn * u * reset * (1 - reset)
      du[n + j] = dh * less(before[j] as number, fresh) * z * (1 - z)
      du[2 * n + j] = dn * reset
      rowAt(dx, t, r).set([du[j] as number], j)
      rowAt(dx, t, r).set([du[n + j] as number], n + j)
      rowAt(dx, t, r).set([dn], 2 * n + j)
      past[j] = dh * z
    }
    return past
  }
  const { du, dw, dh0 } = backwards({ dy, w, h0, y, gates: 3, cell }, attrs)
  const dbias = zeros([3 * n])
  du.data.forEach((v, i) => {
    dbias.data[i % (3 * n)] = (dbias.data[i % (3 * n)] as number) + v
  })
  return [dx, dw, dh0, dbias]
}

export const recurrent: Rows<'rnn' | 'rnnGrad' | 'lstm' | 'lstmGrad' | 'gru' | 'gruGrad'> = {
  rnn,
  rnnGrad,
  lstm,
  lstmGrad,
  gru,
  gruGrad: (inputs, attrs) => gruGrad(inputs, attrs),
}
