import { flag, numbers } from './attrs.ts'
import { type Attrs, input, type Reference, type RefTensor, type Rows, zeros } from './tensor.ts'

interface Window {
  /** Offset of the result, and of the words inside of the image. */
  readonly y: number
  readonly x: readonly number[]
  /** Words with padding. */
  readonly count: number
}

/** The sizes of the result: as PyTorch, a last window of ceil mode begins inside of the image. */
function pooled(x: readonly number[], attrs: Attrs): [number, number] {
  return [0, 1].map((a) => {
    const [k, s, p] = ['kernel', 'stride', 'padding'].map((name) => numbers(attrs, name)[a] as number)
    const size = x[a + 2] as number
    let out = 0
    while (
      flag(attrs, 'ceil')
        ? out * s! < size + p! && (out === 0 || (out - 1) * s! + k! < size + 2 * p!)
        : out * s! + k! <= size + 2 * p!
    )
      out++
    return out
  }) as [number, number]
}

function* windows(x: readonly number[], attrs: Attrs): Generator<Window> {
  const [n, c, height, width] = x as [number, number, number, number]
  const [kh, kw] = numbers(attrs, 'kernel') as [number, number]
  const [sh, sw] = numbers(attrs, 'stride') as [number, number]
  const [ph, pw] = numbers(attrs, 'padding') as [number, number]
  const [outH, outW] = pooled(x, attrs)
  let y = 0
  for (let plane = 0; plane < n * c; plane++)
    for (let i = 0; i < outH; i++)
      for (let j = 0; j < outW; j++) {
        const inside: number[] = []
        let count = 0
        for (let r = i * sh - ph; r < i * sh - ph + kh; r++)
          for (let q = j * sw - pw; q < j * sw - pw + kw; q++) {
            if (r < height + ph && q < width + pw) count++
            if (r >= 0 && r < height && q >= 0 && q < width) inside.push((plane * height + r) * width + q)
          }
        yield { y: y++, x: inside, count }
      }
}

const shapeOf = (x: readonly number[], attrs: Attrs): number[] => [...x.slice(0, 2), ...pooled(x, attrs)]

/** Offset of the first largest word, or of the first NaN. */
function argmax(x: RefTensor, at: readonly number[]): number {
  const nan = at.find((o) => Number.isNaN(x.data[o]))
  return nan ?? at.reduce((best, o) => ((x.data[o] as number) > (x.data[best] as number) ? o : best))
}

/** Which word of each window is the largest. */
export function winners(inputs: readonly RefTensor[], attrs: Attrs): Float64Array {
  const x = input(inputs, 0)
  return Float64Array.from([...windows(x.shape, attrs)].map((window) => argmax(x, window.x)))
}

const maxPool2d: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const y = zeros(shapeOf(x.shape, attrs))
  for (const window of windows(x.shape, attrs)) y.data[window.y] = x.data[argmax(x, window.x)] as number
  return [y]
}

const maxPool2dGrad: Reference = (inputs, attrs) => {
  const [dy, x] = [input(inputs, 0), input(inputs, 1)]
  const dx = zeros(x.shape)
  for (const window of windows(x.shape, attrs)) {
    const at = argmax(x, window.x)
    if (attrs['positive'] === true && !((x.data[at] as number) > 0)) continue
    dx.data[at] = (dx.data[at] as number) + (dy.data[window.y] as number)
  }
  return [dx]
}

const divisor = ({ x, count }: Window, attrs: Attrs): number => (flag(attrs, 'countIncludePad') ? count : x.length)

const avgPool2d: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const y = zeros(shapeOf(x.shape, attrs))
  for (const window of windows(x.shape, attrs))
    y.data[window.y] = window.x.reduce((sum, o) => sum + (x.data[o] as number), 0) / divisor(window, attrs)
  return [y]
}

const avgPool2dGrad: Reference = (inputs, attrs) => {
  const dy = input(inputs, 0)
  const dx = zeros(numbers(attrs, 'shape'))
  for (const window of windows(dx.shape, attrs))
    for (const o of window.x)
      dx.data[o] = (dx.data[o] as number) + (dy.data[window.y] as number) / divisor(window, attrs)
  return [dx]
}

export const pool: Rows<'maxPool2d' | 'maxPool2dGrad' | 'avgPool2d' | 'avgPool2dGrad'> = {
  maxPool2d,
  maxPool2dGrad,
  avgPool2d,
  avgPool2dGrad,
}
