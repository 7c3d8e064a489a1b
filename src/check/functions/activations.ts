import { celu, glu, hardsigmoid, hardswish, mish, prelu, relu6, selu, softsign } from '../../ops/activations.ts'
import type { Shape } from '../../program/graph.ts'
import { type Fill, x } from '../cases/types.ts'
import { composed, elsewhere, everyPair, everywhere, of } from './cases.ts'
import { axisOf, filled, reader } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const hard = (x: number): number => Math.min(Math.max(x / 6 + 0.5, 0), 1)
const elu = (x: number, alpha: number): number => (x > 0 ? x : alpha * Math.expm1(x))

const gated = (shape: Shape, axis?: number, fill: Fill = 'any'): FunctionCase =>
  of(
    x(shape, fill),
    (t) => glu(t, axis),
    (t) => {
      const at = axisOf(axis ?? -1, shape.length)
      const half = (shape[at] as number) / 2
      const read = reader(t)
      return filled(
        shape.map((n, i) => (i === at ? half : n)),
        (index) => read(index) * sigmoid(read(index.map((n, i) => (i === at ? n + half : n)))),
      )
    },
  )

type Name = 'celu' | 'glu' | 'hardsigmoid' | 'hardswish' | 'mish' | 'prelu' | 'relu6' | 'selu' | 'softsign'

export const activations: Functions<Name> = {
  celu: composed('Continuously differentiable ELU (Barron 2017).', 'x > 0 ? x : alpha (e^(x / alpha) - 1)', [
    ...everywhere(celu, (v) => elu(v, 1)),
    ...[0.7, 3].flatMap((alpha) =>
      elsewhere(
        (t) => celu(t, alpha),
        (v) => alpha * elu(v / alpha, 1),
      ),
    ),
  ]),
  glu: composed('Gated linear unit: one half of an axis times the sigmoid of the other.', 'a sigmoid(b), x = [a, b]', [
    gated([2]),
    gated([34]),
    gated([2, 6, 3], 1),
    gated([2, 1, 4], -3),
    gated([0, 4]),
    gated([3, 0]),
    gated([14, 5], 0),
    gated([62, 331], 0),
    gated([7, 74], 1, 'wide'),
    gated([2, 17], 0, 'special'),
  ]),
  hardsigmoid: composed(
    'Sigmoid of three straight pieces.',
    'min(max(x / 6 + 1/2, 0), 1)',
    everywhere(hardsigmoid, hard),
  ),
  hardswish: composed(
    'x times its hardsigmoid (Howard et al. 2019).',
    'x hardsigmoid(x)',
    everywhere(hardswish, (v) => v * hard(v)),
  ),
  mish: composed(
    'x times the tanh of its softplus (Misra 2019).',
    'x tanh(ln(1 + e^x))',
    everywhere(mish, (v) => v * Math.tanh(v > 40 ? v : Math.log1p(Math.exp(v)))),
  ),
  prelu: composed(
    'leakyRelu with a slope that broadcasts and may be learned.',
    'x > 0 ? x : slope x',
    everyPair(prelu, (v, slope) => (v > 0 ? v : v * slope)),
  ),
  relu6: composed(
    'ReLU that ends at 6; its derivative at both ends is 0.',
    'min(max(x, 0), 6)',
    everywhere(relu6, (v) => Math.min(Math.max(v, 0), 6)),
  ),
  selu: composed(
    'Self-normalizing ELU (Klambauer et al. 2017).',
    '1.0507 (x > 0 ? x : 1.6733 (e^x - 1))',
    everywhere(selu, (v) => 1.0507009873554805 * elu(v, 1.6732632423543772)),
  ),
  softsign: composed(
    'x scaled into -1 to 1.',
    'x / (1 + |x|)',
    everywhere(softsign, (v) => v / (1 + Math.abs(v))),
  ),
}
