import { x } from '../../../src/check/cases/types.ts'
import { nn, zeros } from '../../../src/index.ts'
import type { Anything, Call } from '../../ops/wrong/calls.ts'
import { c, fed, inputs, type LayerCase, type LayerRow, none, type Rows } from './types.ts'

type Make = (kernel: Anything, options?: Anything) => nn.Layer

const input = (axes: number, size: number): number[] => [2, 3, ...Array.from({ length: axes }, () => size)]

const unfit = (layer: Anything, axes: number): Call[] => [
  ...inputs(layer),
  ['an axis too few', () => layer.forward(zeros(input(axes - 1, 6)))],
  ['an axis too many', () => layer.forward(zeros(input(axes + 1, 6)))],
]

/** Windows over one to three axes. */
function windows(make: Make, axes: 1 | 2 | 3, more: readonly LayerCase[] = []): LayerRow {
  const at = (kernel: Anything, options?: Anything): unknown => fed(() => make(kernel, options), zeros(input(axes, 6)))
  return {
    cases: [
      c(() => make(2), x(input(axes, 6))),
      c(() => make(1), x([1, 1, ...input(axes, 1).slice(2)])),
      c(() => make(3, { stride: 2, padding: 1 }), x([1, 2, ...input(axes, 5).slice(2)])),
      c(() => make(3, { stride: 2, ceil: true }), x([1, 1, ...input(axes, 8).slice(2)])),
      c(() => make(2), x([2, 1, ...input(axes, 5).slice(3), axes === 3 ? 9 : 33])),
      none(() => make(2), x([0, 3, ...input(axes, 4).slice(2)])),
      ...more,
    ],
    wrong: (_t, layer) => [
      ...unfit(layer, axes),
      ['a window larger than the input', () => at(7)],
      ['no window', () => at(0)],
      ['half a window', () => at(1.5)],
      ['a window that is text', () => at('2')],
      ['a stride of 0', () => at(2, { stride: 0 })],
      ['a negative padding', () => at(2, { padding: -1 })],
      ['padding of more than half a window', () => at(2, { padding: 2 })],
    ],
  }
}

/** Parts of a given number. */
function parts(make: Make, axes: 1 | 2): LayerRow {
  const at = (size: Anything): unknown => make(size).forward(zeros(input(axes, 6)))
  return {
    cases: [
      c(() => make(3), x(input(axes, 6))),
      c(() => make(1), x([1, 1, ...input(axes, 1).slice(2)])),
      c(() => make(1), x([1, 2, ...input(axes, 17).slice(2)])),
      c(() => make(4), x([1, 2, ...input(axes, 7).slice(2)])),
      c(() => make(5), x([1, 1, ...input(axes, 3).slice(2)])),
      none(() => make(2), x([0, 3, ...input(axes, 4).slice(2)])),
    ],
    wrong: (_t, layer) => [
      ...unfit(layer, axes),
      ['no parts', () => at(0)],
      ['half a part', () => at(1.5)],
      ['parts that are text', () => at('2')],
      ['nothing to share out', () => layer.forward(zeros(input(axes, 0)))],
    ],
  }
}

const whole = (make: () => nn.Layer): LayerRow => ({
  cases: [c(make, x([2, 3, 4, 5])), c(make, x([1, 1, 1, 1])), c(make, x([1, 17, 3, 11])), none(make, x([0, 3, 2, 2]))],
  wrong: (_t, layer) => [...unfit(layer, 2), ['no pixels', () => layer.forward(zeros([2, 3, 0, 4]))]],
})

const excluded = { padding: 1, countIncludePad: false }

export const pooling: Rows<
  | 'maxPool1d'
  | 'avgPool1d'
  | 'adaptiveAvgPool1d'
  | 'adaptiveMaxPool1d'
  | 'maxPool2d'
  | 'avgPool2d'
  | 'adaptiveAvgPool2d'
  | 'adaptiveMaxPool2d'
  | 'maxPool3d'
  | 'avgPool3d'
  | 'globalAvgPool2d'
  | 'globalMaxPool2d'
> = {
  maxPool1d: windows(nn.maxPool1d, 1),
  avgPool1d: windows(nn.avgPool1d, 1, [c(() => nn.avgPool1d(3, excluded), x([2, 1, 9]))]),
  adaptiveAvgPool1d: parts(nn.adaptiveAvgPool1d, 1),
  adaptiveMaxPool1d: parts(nn.adaptiveMaxPool1d, 1),
  maxPool2d: windows(nn.maxPool2d, 2, [c(() => nn.maxPool2d([1, 3], { stride: [2, 1] }), x([1, 2, 4, 9]))]),
  avgPool2d: windows(nn.avgPool2d, 2, [c(() => nn.avgPool2d([2, 3], excluded), x([1, 2, 4, 5]))]),
  adaptiveAvgPool2d: parts(nn.adaptiveAvgPool2d, 2),
  adaptiveMaxPool2d: parts(nn.adaptiveMaxPool2d, 2),
  maxPool3d: windows(nn.maxPool3d, 3),
  avgPool3d: windows(nn.avgPool3d, 3, [c(() => nn.avgPool3d(2, excluded), x([1, 1, 2, 3, 4]))]),
  globalAvgPool2d: whole(nn.globalAvgPool2d),
  globalMaxPool2d: whole(nn.globalMaxPool2d),
}
