import { ACT_NONE, ACT_RELU } from '../../abi/constants.ts'
import type { convOps } from '../../ops/conv.ts'
import type { Shape } from '../../program/graph.ts'
import { type Cases, type OpCase, x } from './types.ts'

interface Convolution {
  readonly x: Shape
  readonly w: Shape
  readonly attrs: {
    readonly stride: readonly [number, number]
    readonly padding: readonly [number, number, number, number]
    readonly dilation: readonly [number, number]
    readonly groups: number
  }
}

const PLAIN = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const

const conv = (x: Shape, w: Shape, attrs: Partial<Convolution['attrs']> = {}): Convolution => ({
  x,
  w,
  attrs: { ...PLAIN, ...attrs },
})

const CONVOLUTIONS: readonly Convolution[] = [
  conv([1, 1, 1, 1], [1, 1, 1, 1]),
  conv([1, 1, 3, 3], [1, 1, 3, 3]),
  conv([2, 3, 5, 7], [4, 3, 3, 3]),
  conv([2, 3, 5, 7], [5, 3, 3, 3], { padding: [1, 1, 1, 1] }),
  conv([1, 2, 9, 6], [7, 2, 2, 3], { padding: [0, 1, 2, 0] }),
  conv([3, 2, 8, 9], [2, 2, 3, 3], { stride: [2, 2], padding: [1, 1, 1, 1] }),
  conv([1, 2, 7, 11], [3, 2, 3, 2], { stride: [3, 2], dilation: [1, 2] }),
  conv([2, 4, 6, 6], [6, 2, 3, 3], { groups: 2, padding: [2, 2, 2, 2], dilation: [2, 2] }),
  conv([2, 5, 4, 6], [5, 1, 3, 3], { groups: 5, padding: [1, 1, 1, 1] }),
  conv([1, 3, 4, 5], [6, 1, 1, 2], { groups: 3, stride: [1, 2] }),
  // depthwise: rows around 4 and 8 columns, several filters a channel, strides, paddings that no tap crosses
  conv([2, 3, 5, 19], [3, 1, 3, 3], { groups: 3, padding: [1, 1, 1, 1] }),
  conv([1, 2, 6, 13], [6, 1, 3, 2], { groups: 2, dilation: [1, 2] }),
  conv([2, 3, 9, 23], [6, 1, 3, 3], { groups: 3, stride: [2, 2], padding: [1, 1, 1, 1] }),
  conv([1, 4, 7, 25], [4, 1, 2, 3], { groups: 4, stride: [2, 3], padding: [1, 0, 2, 1] }),
  conv([1, 2, 4, 5], [2, 1, 2, 2], { groups: 2, padding: [2, 3, 1, 2] }),
  conv([1, 2, 9, 12], [2, 1, 8, 8], { groups: 2, padding: [2, 2, 2, 2] }),
  conv([0, 2, 4, 4], [2, 1, 2, 2], { groups: 2 }),
  conv([2, 9, 1, 17], [13, 9, 1, 1]),
  conv([1, 1, 2, 2], [1, 1, 2, 2], { padding: [3, 3, 3, 3] }),
  // a stride that leaves a rest of the image unread
  conv([1, 1, 6, 6], [1, 1, 2, 2], { stride: [4, 4] }),
  conv([0, 2, 4, 4], [3, 2, 2, 2]),
  // more than one block of taps, of filters, of channels, of pixels
  conv([2, 45, 5, 6], [3, 45, 3, 3], { padding: [1, 1, 1, 1] }),
  conv([1, 3, 4, 5], [205, 3, 1, 1]),
  conv([1, 2, 27, 41], [5, 2, 2, 2]),
  conv([1, 1, 30, 31], [2, 1, 27, 25]),
]

/** Tiles of 2 x 2: even and odd sizes, one row of tiles more than four, blocks that end inside of an image. */
const TILED = [
  conv([1, 16, 4, 9], [16, 16, 3, 3]),
  conv([2, 17, 5, 10], [18, 17, 3, 3], { padding: [0, 1, 1, 0] }),
  conv([2, 16, 6, 8], [17, 16, 3, 3], { padding: [1, 1, 1, 1] }),
  conv([0, 16, 3, 9], [16, 16, 3, 3]),
  conv([3, 16, 7, 11], [21, 16, 3, 3], { padding: [2, 0, 2, 2] }),
]

const LARGE = [
  conv([8, 16, 13, 13], [24, 16, 3, 3]),
  conv([4, 12, 30, 37], [12, 1, 3, 3], { groups: 12, padding: [1, 1, 1, 1] }),
  conv([3, 8, 40, 33], [12, 4, 3, 3], { groups: 2, padding: [1, 1, 1, 1], stride: [1, 2] }),
]

function outShape({ x: [n, , h, w], w: [o, , kh, kw], attrs: { stride, padding, dilation } }: Convolution): Shape {
  const size = (n: number, k: number, a: 0 | 1): number =>
    Math.floor((n + padding[2 * a]! + padding[2 * a + 1]! - dilation[a] * (k - 1) - 1) / stride[a]) + 1
  return [n!, o!, size(h!, kh!, 0), size(w!, kw!, 1)]
}

const forward = (activations: readonly number[]): readonly OpCase[] =>
  [...CONVOLUTIONS, ...TILED, ...LARGE].flatMap((c, i) => {
    const inputs = [x(c.x), x(c.w)]
    const attrs = { ...c.attrs, activation: activations[i % activations.length] }
    return [
      { inputs, attrs },
      { inputs: [...inputs, x([c.w[0] as number])], attrs },
    ]
  })

export const convolution: Cases<keyof typeof convOps> = {
  conv2d: forward([ACT_NONE]),
  fusedConv2d: forward([ACT_RELU, ACT_NONE]),
  conv2dInputGrad: [...CONVOLUTIONS, ...TILED, ...LARGE].map((c) => ({
    inputs: [x(outShape(c)), x(c.w)],
    attrs: { ...c.attrs, shape: c.x },
  })),
  conv2dFilterGrad: [...CONVOLUTIONS, ...TILED, ...LARGE].map((c) => ({
    inputs: [x(c.x), x(outShape(c))],
    attrs: { ...c.attrs, shape: c.w },
  })),
}
