import { x } from '../../../src/check/cases/types.ts'
import { nn, zeros } from '../../../src/index.ts'
import type { Anything, Call } from '../../ops/wrong/calls.ts'
import { c, fed, inputs, none, type Rows, sizes } from './types.ts'

/** Inputs with another number of axes or channels than the layer's. */
const unfit = (layer: Anything, good: readonly number[]): Call[] => [
  ['an axis too few', () => layer.forward(zeros(good.slice(1)))],
  ['an axis too many', () => layer.forward(zeros([1, ...good]))],
  ['other channels', () => layer.forward(zeros([good[0] as number, (good[1] as number) + 1, ...good.slice(2)]))],
]

type Make = (options: Anything) => Anything
const options = (make: Make, input: readonly number[]): Call[] =>
  (
    [
      ['a stride of 0', { stride: 0 }],
      ['half a stride', { stride: 0.5 }],
      ['a negative padding', { padding: -1 }],
      ['a named padding that there is not', { padding: 'full' }],
      ['a dilation of 0', { dilation: 0 }],
      ['no groups', { groups: 0 }],
      ['groups that do not divide', { groups: 5 }],
      ['groups that are text', { groups: '1' }],
      ['an unknown initializer', { initializer: 'none' }],
    ] as const
  ).map(([what, given]) => [what, () => fed(() => make(given), zeros(input))])

export const images: Rows<'conv1d' | 'conv2d' | 'conv3d' | 'convTranspose1d' | 'convTranspose2d' | 'upsample2d'> = {
  conv1d: {
    cases: [
      c(() => nn.conv1d(2, 3, 3), x([2, 2, 7])),
      c(() => nn.conv1d(1, 1, 1, { bias: false }), x([1, 1, 1])),
      c(() => nn.conv1d(4, 6, 4, { stride: 3, padding: [2, 1], groups: 2 }), x([1, 4, 17])),
      c(() => nn.conv1d(5, 5, 3, { padding: 'same', groups: 5, dilation: 2 }), x([3, 5, 9])),
      c(() => nn.conv1d(3, 17, 2), x([1, 3, 33])),
      none(() => nn.conv1d(2, 3, 3), x([0, 2, 7])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...unfit(layer, [2, 2, 7]),
      ['a sequence shorter than the filter', () => layer.forward(zeros([2, 2, 2]))],
      ...sizes('inputs', (n) => nn.conv1d(n, 2, 3)),
      ...sizes('outputs', (n) => nn.conv1d(2, n, 3)),
      ...sizes('kernel', (n) => nn.conv1d(2, 3, n)),
      ...options((given) => nn.conv1d(2, 3, 3, given), [2, 2, 7]),
    ],
  },
  conv2d: {
    cases: [
      c(() => nn.conv2d(2, 3, 3), x([2, 2, 5, 7])),
      c(() => nn.conv2d(1, 1, 1, { bias: false }), x([1, 1, 1, 1])),
      c(() => nn.conv2d(3, 4, [2, 3], { stride: [2, 1], padding: 1 }), x([1, 3, 6, 9])),
      c(() => nn.conv2d(4, 8, 3, { groups: 4, padding: 'same' }), x([2, 4, 4, 17])),
      c(() => nn.conv2d(4, 6, 2, { groups: 2, dilation: [2, 1], padding: [0, 1, 2, 0] }), x([1, 4, 7, 8])),
      c(() => nn.conv2d(17, 33, 1), x([1, 17, 2, 2])),
      none(() => nn.conv2d(2, 3, 3), x([0, 2, 5, 7])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...unfit(layer, [2, 2, 5, 7]),
      ['an image smaller than the filter', () => layer.forward(zeros([2, 2, 2, 7]))],
      ...sizes('inputs', (n) => nn.conv2d(n, 2, 3)),
      ...sizes('outputs', (n) => nn.conv2d(2, n, 3)),
      ...sizes('kernel', (n) => nn.conv2d(2, 3, [3, n])),
      ...options((given) => nn.conv2d(2, 3, 3, given), [2, 2, 5, 7]),
      ['three sizes of a filter', () => fed(() => nn.conv2d(2, 3, [3, 3, 3] as never), zeros([2, 2, 5, 7]))],
    ],
  },
  conv3d: {
    cases: [
      c(() => nn.conv3d(2, 3, 2), x([1, 2, 3, 4, 5])),
      c(() => nn.conv3d(1, 1, 1, { bias: false }), x([1, 1, 1, 1, 1])),
      c(() => nn.conv3d(2, 2, [1, 2, 3], { stride: [1, 2, 1], padding: 1, groups: 2 }), x([2, 2, 2, 5, 3])),
      none(() => nn.conv3d(2, 3, 2), x([0, 2, 3, 4, 5])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...unfit(layer, [1, 2, 3, 4, 5]),
      ['a volume smaller than the filter', () => layer.forward(zeros([1, 2, 1, 4, 5]))],
      ...sizes('inputs', (n) => nn.conv3d(n, 2, 3)),
      ...sizes('outputs', (n) => nn.conv3d(2, n, 3)),
      ...sizes('kernel', (n) => nn.conv3d(2, 3, [3, n, 3])),
      ...options((given) => nn.conv3d(2, 3, 2, given), [1, 2, 3, 4, 5]),
    ],
  },
  convTranspose1d: {
    cases: [
      c(() => nn.convTranspose1d(2, 3, 3), x([2, 2, 5])),
      c(() => nn.convTranspose1d(1, 1, 1, { bias: false }), x([1, 1, 1])),
      c(() => nn.convTranspose1d(4, 6, 4, { stride: 3, padding: 1, outputPadding: 2, groups: 2 }), x([1, 4, 7])),
      c(() => nn.convTranspose1d(3, 5, 2, { dilation: 3 }), x([1, 3, 17])),
      none(() => nn.convTranspose1d(2, 3, 3), x([0, 2, 5])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...unfit(layer, [2, 2, 5]),
      ...sizes('inputs', (n) => nn.convTranspose1d(n, 2, 3)),
      ...sizes('outputs', (n) => nn.convTranspose1d(2, n, 3)),
      ...sizes('kernel', (n) => nn.convTranspose1d(2, 3, n)),
      ...options((given) => nn.convTranspose1d(2, 3, 3, given), [2, 2, 5]),
      ['padding that leaves nothing', () => fed(() => nn.convTranspose1d(2, 3, 3, { padding: 9 }), zeros([2, 2, 5]))],
    ],
  },
  convTranspose2d: {
    cases: [
      c(() => nn.convTranspose2d(2, 3, 3), x([2, 2, 4, 5])),
      c(() => nn.convTranspose2d(1, 1, 1, { bias: false }), x([1, 1, 1, 1])),
      c(
        () => nn.convTranspose2d(4, 6, [2, 3], { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
        x([1, 4, 3, 7]),
      ),
      c(() => nn.convTranspose2d(3, 2, 2, { dilation: [1, 2] }), x([1, 3, 2, 17])),
      none(() => nn.convTranspose2d(2, 3, 3), x([0, 2, 4, 5])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...unfit(layer, [2, 2, 4, 5]),
      ...sizes('inputs', (n) => nn.convTranspose2d(n, 2, 3)),
      ...sizes('outputs', (n) => nn.convTranspose2d(2, n, 3)),
      ...sizes('kernel', (n) => nn.convTranspose2d(2, 3, [n, 1])),
      ...options((given) => nn.convTranspose2d(2, 3, 3, given), [2, 2, 4, 5]),
      [
        'an output padding as large as the stride',
        () => fed(() => nn.convTranspose2d(2, 3, 3, { outputPadding: 1 }), zeros([2, 2, 4, 5])),
      ],
    ],
  },
  upsample2d: {
    cases: [
      c(() => nn.upsample2d({ scale: 2 }), x([1, 2, 3, 5])),
      c(() => nn.upsample2d({ size: [7, 9] }), x([2, 1, 3, 4])),
      c(() => nn.upsample2d({ scale: [1, 3], mode: 'bilinear' }), x([1, 2, 4, 5])),
      c(() => nn.upsample2d({ size: 17, mode: 'bilinear', alignCorners: true }), x([1, 1, 5, 8])),
      c(() => nn.upsample2d({ size: 1 }), x([1, 1, 1, 1])),
      none(() => nn.upsample2d({ scale: 2 }), x([0, 2, 3, 5])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ['three axes', () => layer.forward(zeros([2, 3, 5]))],
      ['no pixels', () => layer.forward(zeros([2, 3, 0, 5]))],
      ['neither size nor scale', () => fed(() => nn.upsample2d({}), zeros([1, 1, 2, 2]))],
      ['both size and scale', () => fed(() => nn.upsample2d({ size: 2, scale: 2 }), zeros([1, 1, 2, 2]))],
      ['an unknown mode', () => fed(() => nn.upsample2d({ scale: 2, mode: 'cubic' as never }), zeros([1, 1, 2, 2]))],
      ['a scale of 0', () => fed(() => nn.upsample2d({ scale: 0 }), zeros([1, 1, 2, 2]))],
    ],
  },
}
