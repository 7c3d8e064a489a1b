import { ACT_RELU } from '../abi/constants.ts'
import { number, numbers } from './attrs.ts'
import { type Attrs, input, type Reference, type RefTensor, type Rows, zeros } from './tensor.ts'

/**
 * Calls `visit` with the offsets in images, filters and results of every product of a convolution: y[n, o, i, j] of
 * x[n, c, i s + k d - p, j s + l d - p] and w[o, c, k, l], where that is no padding.
 */
function products(
  x: readonly number[],
  w: readonly number[],
  y: readonly number[],
  attrs: Attrs,
  visit: (x: number, w: number, y: number) => void,
): void {
  const [images, , height, width] = x as [number, number, number, number]
  const [filters, channels, kh, kw] = w as [number, number, number, number]
  const [outH, outW] = [y[2] as number, y[3] as number]
  const [sh, sw] = numbers(attrs, 'stride') as [number, number]
  const [dh, dw] = numbers(attrs, 'dilation') as [number, number]
  const [top, , left] = numbers(attrs, 'padding') as [number, number, number]
  const per = filters / number(attrs, 'groups')
  for (let n = 0; n < images; n++)
    for (let o = 0; o < filters; o++)
      for (let i = 0; i < outH; i++)
        for (let j = 0; j < outW; j++)
          for (let c = 0; c < channels; c++)
            for (let k = 0; k < kh; k++)
              for (let l = 0; l < kw; l++) {
                const [row, column] = [i * sh + k * dh - top, j * sw + l * dw - left]
                if (row < 0 || row >= height || column < 0 || column >= width) continue
                const channel = Math.floor(o / per) * channels + c
                visit(
                  ((n * (x[1] as number) + channel) * height + row) * width + column,
                  ((o * channels + c) * kh + k) * kw + l,
                  ((n * filters + o) * outH + i) * outW + j,
                )
              }
}

function outShape(x: readonly number[], w: readonly number[], attrs: Attrs): number[] {
  const stride = numbers(attrs, 'stride')
  const dilation = numbers(attrs, 'dilation')
  const pads = numbers(attrs, 'padding')
  const sizes = [0, 1].map((a) => {
    const room = (x[a + 2] as number) + (pads[2 * a] as number) + (pads[2 * a + 1] as number)
    return Math.floor((room - (dilation[a] as number) * ((w[a + 2] as number) - 1) - 1) / (stride[a] as number)) + 1
  })
  return [x[0] as number, w[0] as number, ...sizes]
}

const add = (data: Float64Array, at: number, value: number): void => {
  data[at] = (data[at] as number) + value
}

const conv2d: Reference = (inputs, attrs) => {
  const [x, w] = [input(inputs, 0), input(inputs, 1)]
  const y = zeros(outShape(x.shape, w.shape, attrs))
  const area = (y.shape[2] as number) * (y.shape[3] as number)
  const bias = inputs[2]
  if (bias !== undefined)
    y.data.forEach((_, at) => {
      y.data[at] = bias.data[Math.floor(at / area) % bias.data.length] as number
    })
  products(x.shape, w.shape, y.shape, attrs, (i, j, k) => {
    add(y.data, k, (x.data[i] as number) * (w.data[j] as number))
  })
  return [y]
}

const conv2dInputGrad: Reference = (inputs, attrs) => {
  const [dy, w] = [input(inputs, 0), input(inputs, 1)]
  const dx = zeros(numbers(attrs, 'shape'))
  products(dx.shape, w.shape, dy.shape, attrs, (i, j, k) => {
    add(dx.data, i, (dy.data[k] as number) * (w.data[j] as number))
  })
  return [dx]
}

const conv2dFilterGrad: Reference = (inputs, attrs) => {
  const [x, dy] = [input(inputs, 0), input(inputs, 1)]
  const dw = zeros(numbers(attrs, 'shape'))
  products(x.shape, dw.shape, dy.shape, attrs, (i, j, k) => {
    add(dw.data, j, (dy.data[k] as number) * (x.data[i] as number))
  })
  return [dw]
}

const fusedConv2d: Reference = (inputs, attrs) => {
  const y = conv2d(inputs, attrs)[0] as RefTensor
  if (attrs['activation'] !== ACT_RELU) return [y]
  return [{ shape: y.shape, data: y.data.map((v) => (v < 0 ? 0 : v)) }]
}

export const conv: Rows<'conv2d' | 'conv2dInputGrad' | 'conv2dFilterGrad' | 'fusedConv2d'> = {
  conv2d,
  conv2dInputGrad,
  conv2dFilterGrad,
  fusedConv2d,
}
