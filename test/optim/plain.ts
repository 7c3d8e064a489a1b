// Plain float64 implementations of the optimizers, one parameter at a time, for comparison.

/** What a step takes: the parameter (changed in place), its gradient, the number of the step from 1 on. */
export type Step = (p: Float64Array, g: Float64Array, t: number) => void

const norm = (x: ArrayLike<number>): number => Math.sqrt(Array.from(x).reduce((s, v) => s + v * v, 0))
const rms = (x: ArrayLike<number>): number => norm(x) / Math.sqrt(x.length)
const state = (n: number): Float64Array => new Float64Array(n)

export const nadam = (n: number, lr: number, b1: number, b2: number, psi: number, wd: number): Step => {
  const [m, v] = [state(n), state(n)]
  let product = 1
  return (p, g, t) => {
    const mu = b1 * (1 - 0.5 * 0.96 ** (t * psi))
    const next = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
    product *= mu
    for (let i = 0; i < n; i++) {
      const d = g[i]! + wd * p[i]!
      m[i] = b1 * m[i]! + (1 - b1) * d
      v[i] = b2 * v[i]! + (1 - b2) * d * d
      const root = Math.sqrt(v[i]! / (1 - b2 ** t)) + 1e-8
      p[i] =
        p[i]! - (lr * ((1 - mu) / (1 - product)) * d) / root - (((lr * next) / (1 - product * next)) * m[i]!) / root
    }
  }
}

export const radam = (n: number, lr: number, b1: number, b2: number, wd: number): Step => {
  const [m, v] = [state(n), state(n)]
  const longest = 2 / (1 - b2) - 1
  return (p, g, t) => {
    const length = longest - (2 * t * b2 ** t) / (1 - b2 ** t)
    for (let i = 0; i < n; i++) {
      const d = g[i]! + wd * p[i]!
      m[i] = b1 * m[i]! + (1 - b1) * d
      v[i] = b2 * v[i]! + (1 - b2) * d * d
      const mean = m[i]! / (1 - b1 ** t)
      if (length > 5) {
        const r = Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length))
        p[i] = p[i]! - (lr * mean * r * Math.sqrt(1 - b2 ** t)) / (Math.sqrt(v[i]!) + 1e-8)
      } else p[i] = p[i]! - lr * mean
    }
  }
}

export const adadelta = (n: number, lr: number, rho: number, eps: number, wd: number): Step => {
  const [s, d] = [state(n), state(n)]
  return (p, g) => {
    for (let i = 0; i < n; i++) {
      const x = g[i]! + wd * p[i]!
      s[i] = rho * s[i]! + (1 - rho) * x * x
      const u = (Math.sqrt(d[i]! + eps) / Math.sqrt(s[i]! + eps)) * x
      d[i] = rho * d[i]! + (1 - rho) * u * u
      p[i] = p[i]! - lr * u
    }
  }
}

export const adamax = (n: number, lr: number, b1: number, b2: number, wd: number): Step => {
  const [m, u] = [state(n), state(n)]
  return (p, g, t) => {
    for (let i = 0; i < n; i++) {
      const d = g[i]! + wd * p[i]!
      m[i] = b1 * m[i]! + (1 - b1) * d
      u[i] = Math.max(b2 * u[i]!, Math.abs(d) + 1e-8)
      p[i] = p[i]! - (lr / (1 - b1 ** t)) * (m[i]! / u[i]!)
    }
  }
}

export const lion = (n: number, lr: number, b1: number, b2: number, wd: number): Step => {
  const m = state(n)
  return (p, g) => {
    for (let i = 0; i < n; i++) {
      p[i] = p[i]! * (1 - lr * wd) - lr * Math.sign(b1 * m[i]! + (1 - b1) * g[i]!)
      m[i] = b2 * m[i]! + (1 - b2) * g[i]!
    }
  }
}

export const lamb = (n: number, lr: number, b1: number, b2: number, wd: number): Step => {
  const [m, v] = [state(n), state(n)]
  return (p, g, t) => {
    const u = state(n)
    for (let i = 0; i < n; i++) {
      m[i] = b1 * m[i]! + (1 - b1) * g[i]!
      v[i] = b2 * v[i]! + (1 - b2) * g[i]! * g[i]!
      u[i] = m[i]! / (1 - b1 ** t) / (Math.sqrt(v[i]! / (1 - b2 ** t)) + 1e-6) + wd * p[i]!
    }
    const [weights, length] = [norm(p), norm(u)]
    const trust = weights > 0 && length > 0 ? weights / length : 1
    for (let i = 0; i < n; i++) p[i] = p[i]! - lr * trust * u[i]!
  }
}

/** columns = 0: a vector. */
export const adafactor = (n: number, columns: number, lr: number, wd: number): Step => {
  const [eps1, eps2] = [2 ** -23, 1e-3]
  const rows = columns === 0 ? 0 : n / columns
  const [r, c, whole] = [state(rows), state(columns), state(n)]
  return (p, g, t) => {
    const fresh = t ** -0.8
    const alpha = Math.max(eps2, rms(p)) * Math.min(lr, 1 / Math.sqrt(t))
    const v = state(n)
    if (columns === 0) {
      for (let i = 0; i < n; i++) v[i] = whole[i] = (1 - fresh) * whole[i]! + fresh * g[i]! ** 2
    } else {
      const [ofRow, ofColumn] = [state(rows), state(columns)]
      for (let i = 0; i < n; i++) {
        ofRow[Math.floor(i / columns)]! += g[i]! ** 2 / columns
        ofColumn[i % columns]! += g[i]! ** 2 / rows
      }
      for (let i = 0; i < rows; i++) r[i] = (1 - fresh) * r[i]! + fresh * ofRow[i]!
      for (let i = 0; i < columns; i++) c[i] = (1 - fresh) * c[i]! + fresh * ofColumn[i]!
      const mean = Math.max(eps1, r.reduce((a, b) => a + b, 0) / rows)
      for (let i = 0; i < n; i++) v[i] = (r[Math.floor(i / columns)]! * c[i % columns]!) / mean
    }
    const u = v.map((w, i) => g[i]! / Math.sqrt(Math.max(w, eps1 * eps1)))
    const scale = alpha / Math.max(1, rms(u))
    for (let i = 0; i < n; i++) p[i] = p[i]! * (1 - lr * wd) - scale * u[i]!
  }
}

export const adamw = (n: number, lr: number, b1: number, b2: number, wd: number, largest = false): Step => {
  const [m, v, w] = [state(n), state(n), state(n)]
  return (p, g, t) => {
    for (let i = 0; i < n; i++) {
      p[i] = p[i]! * (1 - lr * wd)
      m[i] = b1 * m[i]! + (1 - b1) * g[i]!
      v[i] = b2 * v[i]! + (1 - b2) * g[i]! ** 2
      w[i] = largest ? Math.max(w[i]!, v[i]!) : v[i]!
      p[i] = p[i]! - (lr * (m[i]! / (1 - b1 ** t))) / (Math.sqrt(w[i]! / (1 - b2 ** t)) + 1e-8)
    }
  }
}

type Matrix = number[][]
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((s, x, k) => s + x * b[k]![j]!, 0)))
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!))

/** A matrix of `columns` columns. */
export const muon = (n: number, columns: number, lr: number, momentum: number, wd: number): Step => {
  const mean = state(n)
  const rows = n / columns
  return (p, g) => {
    const u = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => {
        const at = i * columns + j
        mean[at] = momentum * mean[at]! + (1 - momentum) * g[at]!
        return (1 - momentum) * g[at]! + momentum * mean[at]!
      }),
    )
    const turned = rows > columns
    const length = norm(u.flat())
    let x = (turned ? transposed(u) : u).map((row) => row.map((w) => w / Math.max(length, 1e-7)))
    for (let k = 0; k < 5; k++) {
      const a = product(x, transposed(x))
      const aa = product(a, a)
      const b = a.map((row, i) => row.map((w, j) => -4.775 * w + 2.0315 * aa[i]![j]!))
      const bx = product(b, x)
      x = x.map((row, i) => row.map((w, j) => 3.4445 * w + bx[i]![j]!))
    }
    const step = (turned ? transposed(x) : x).flat()
    const scale = lr * Math.sqrt(Math.max(1, columns / rows))
    for (let i = 0; i < n; i++) p[i] = p[i]! * (1 - lr * wd) - scale * step[i]!
  }
}
