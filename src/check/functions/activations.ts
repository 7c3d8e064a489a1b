import { celu, hardsigmoid, hardswish, mish, relu6, selu, softsign } from '../../ops/activations.ts'
import type { Tensor } from '../../ops/tensor.ts'
import { BIG, SHAPES, x } from '../cases/types.ts'
import { each } from './references.ts'
import type { FunctionCase, FunctionRow, Functions } from './types.ts'

/** Every shape, enough for several threads, large values, and NaN, infinities, zeros and denormals. */
export const everywhere = (
  call: (x: Tensor) => Tensor,
  f: (x: number) => number,
  shapes: readonly (readonly number[])[] = SHAPES,
): FunctionCase[] =>
  [
    ...shapes.map((shape) => x(shape)),
    ...(shapes === SHAPES ? [x(BIG)] : []),
    x([257], 'wide'),
    x([17], 'special'),
  ].map((operand) => ({ inputs: [operand], call: (t) => call(t), reference: (t) => each(f)(t) }))

const row = (doc: string, formula: string, cases: readonly FunctionCase[]): FunctionRow => ({
  doc,
  formula,
  gradient: 'composed',
  cases,
})

const hard = (x: number): number => (x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5)
const eluOf = (x: number, alpha: number): number => (x > 0 ? x : alpha * Math.expm1(x))

type Name = 'celu' | 'hardsigmoid' | 'hardswish' | 'mish' | 'relu6' | 'selu' | 'softsign'

export const activations: Functions<Name> = {
  celu: row('Continuously differentiable ELU (Barron 2017).', 'x > 0 ? x : alpha (e^(x / alpha) - 1)', [
    ...everywhere(celu, (v) => eluOf(v, 1)),
    ...everywhere(
      (t) => celu(t, 0.7),
      (v) => 0.7 * eluOf(v / 0.7, 1),
      [[6, 7]],
    ),
    ...everywhere(
      (t) => celu(t, 3),
      (v) => 3 * eluOf(v / 3, 1),
      [[5, 7]],
    ),
  ]),
  hardsigmoid: row('Sigmoid of three straight pieces.', 'min(max(x / 6 + 1/2, 0), 1)', everywhere(hardsigmoid, hard)),
  hardswish: row('x times its hardsigmoid (Howard et al. 2019).', 'x hardsigmoid(x)', [
    ...everywhere(hardswish, (v) => v * hard(v)),
  ]),
  mish: row('Mish (Misra 2019).', 'x tanh(ln(1 + e^x))', [
    ...everywhere(mish, (v) => v * Math.tanh(v > 30 ? v : Math.log1p(Math.exp(v)))),
  ]),
  relu6: row('ReLU that ends at 6.', 'min(max(x, 0), 6)', [...everywhere(relu6, (v) => Math.min(Math.max(v, 0), 6))]),
  selu: row('Self-normalizing ELU (Klambauer et al. 2017).', '1.0507 (x > 0 ? x : 1.6733 (e^x - 1))', [
    ...everywhere(selu, (v) => 1.0507009873554805 * eluOf(v, 1.6732632423543772)),
  ]),
  softsign: row(
    'x scaled into -1 to 1.',
    'x / (1 + |x|)',
    everywhere(softsign, (v) => v / (1 + Math.abs(v))),
  ),
}
