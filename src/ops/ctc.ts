import { DTypeError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { checkNumber, shapeText } from '../tensor/shape.ts'
import { apply, checkTensor } from './apply.ts'
import { full, tensor } from './create.ts'
import { withGradient } from './custom.ts'
import * as f from './functions.ts'
import { logsumexp, mean, sum } from './reduce.ts'
import type { Reduction } from './reduction.ts'
import { broadcastTo, concat, reshape, shapeOps, slice, stack, takeAlong } from './shape.ts'
import type { Tensor } from './tensor.ts'

/** The logarithm of 0: far below any sum of logarithms, and finite, so that differences of two are none. */
const NEVER = -1e30

export interface CtcOptions {
  /** The class that stands for no symbol. Default 0. */
  readonly blank?: number
  /** 'mean' (default): each loss over its number of symbols, then the mean; 'sum' or 'none'. */
  readonly reduction?: Reduction
  /** A sequence that is too short for its symbols has loss 0 instead of Infinity. Default false. */
  readonly zeroInfinity?: boolean
}

/**
 * Connectionist temporal classification (Graves et al. 2006): -ln of the probability of all ways to read `targets` in
 * the sequence, repeated symbols merged and blanks left out. Log-probabilities [time, batch, classes] (of logSoftmax),
 * targets int32 [batch, symbols], lengths int32 [batch] each. What follows the end of a target must be a class, but
 * does not count. A symbol that is no class throws IndexError.
 *
 * Forward variables a and backward variables b run over the symbols with blanks between them, in logarithms; the
 * gradient for a class is minus the sum over its places of e^(a + b + loss).
 */
export function ctc(
  logProbabilities: Tensor,
  targets: Tensor,
  inputLengths: Tensor,
  targetLengths: Tensor,
  options: CtcOptions = {},
): Tensor {
  const { blank = 0, reduction = 'mean', zeroInfinity = false } = known('ctc', options, 'blank reduction zeroInfinity')
  f.oneOf(reduction, ['mean', 'sum', 'none'], 'ctc.reduction')
  checkOperands(logProbabilities, targets, inputLengths, targetLengths)
  const classes = logProbabilities.shape[2] as number
  checkNumber(
    blank,
    'ctc.blank',
    `a class from 0 to ${classes - 1}`,
    (c) => Number.isInteger(c) && c >= 0 && c < classes,
  )
  const lattice = latticeOf(logProbabilities, targets, inputLengths, targetLengths, blank)
  const steps = forward(lattice)
  const { time, emitted, index, skip, end, inside } = lattice
  // The rule is asked later, when these handles are gone: what it reads are operands.
  const loss = withGradient(
    'ctc',
    f.neg(logsumexp(f.add(steps.at(-1) as Tensor, end), -1)),
    [logProbabilities, emitted, index, skip, end, inside, ...steps],
    ({ dy, output, inputs: [, emitted, index, skip, end, inside, ...steps] }) => {
      const gain = reshape(output, [1, output.size, 1])
      const endings = backward({ time, emitted, index, skip, end, inside } as Lattice)
      const places = f.exp(f.add(f.add(stack(steps), stack(endings)), gain))
      const share = f.mul(f.mul(places, inside as Tensor), f.neg(reshape(dy, [1, dy.size, 1])))
      const dx = apply(shapeOps.takeAlongGrad, [share, index as Tensor], { axis: 2, n: classes })
      return [dx, ...Array.from({ length: 5 + time }, () => undefined)]
    },
  )
  const possible = f.less(loss, -NEVER / 2)
  const losses = zeroInfinity ? f.mul(loss, possible) : f.div(loss, possible)
  if (reduction === 'none') return losses
  return reduction === 'sum' ? sum(losses) : mean(f.div(losses, f.maximum(f.toFloat(targetLengths), 1)))
}

interface Lattice {
  readonly time: number
  /** Logarithms of the probabilities of each place at each time [time, batch, places]. */
  readonly emitted: Tensor
  /** The class of each place [time, batch, places], int32. */
  readonly index: Tensor
  /** 0 where a symbol may follow the one before without a blank, else NEVER [batch, places]. */
  readonly skip: Tensor
  /** 0 in the places where a sequence may end, else NEVER [batch, places]. */
  readonly end: Tensor
  /** 1 while the sequence lasts, else 0 [time, batch, 1]. */
  readonly inside: Tensor
}

function latticeOf(x: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank: number): Lattice {
  const { engine } = x
  const [time, batch] = x.shape as [number, number, number]
  const symbols = targets.shape[1] as number
  const places = 2 * symbols + 1
  /** [before, t0, before, t1, .., after] */
  const between = (values: Tensor, gap: Tensor): Tensor =>
    concat([reshape(stack([broadcastTo(gap, [batch, symbols]), values], 2), [batch, 2 * symbols]), gap], 1)
  const blanks = tensor(new Int32Array(batch).fill(blank), [batch, 1], { engine })
  const index = broadcastTo(reshape(between(targets, blanks), [1, batch, places]), [time, batch, places])
  const none = full([batch, 1], 0, { engine })
  const text = f.toFloat(targets)
  const changes =
    symbols < 2
      ? full([batch, symbols], 0, { engine })
      : concat([none, f.notEqual(slice(text, [0, 1]), slice(text, [0, 0], [batch, symbols - 1]))], 1)
  // Whole numbers, so that no rounding can make two places differ that are the same.
  const last = f.mul(reshape(targetLengths, [batch, 1]), 2)
  const at = tensor(
    Int32Array.from({ length: places }, (_, i) => i),
    [1, places],
    { engine },
  )
  const ends = f.maximum(f.equal(at, last), f.equal(at, f.sub(last, 1)))
  const times = tensor(
    Float32Array.from({ length: time }, (_, t) => t),
    [time, 1, 1],
    { engine },
  )
  const inside = f.greater(reshape(f.toFloat(inputLengths), [1, batch, 1]), times)
  return {
    time,
    emitted: takeAlong(x, index, 2),
    index,
    skip: f.mul(f.sub(1, between(changes, none)), NEVER),
    end: f.mul(f.sub(1, ends), NEVER),
    inside,
  }
}

/** a_t: ln of the probability of all beginnings that are at a place at time t, its emission included. */
function forward({ time, emitted, skip, inside }: Lattice): Tensor[] {
  const places = emitted.shape[2] as number
  const first = tensor(
    Float32Array.from({ length: places }, (_, i) => (i < 2 ? 0 : NEVER)),
    [1, places],
    {
      engine: emitted.engine,
    },
  )
  const steps = [f.add(pick(emitted, 0), first)]
  for (let t = 1; t < time; t++) {
    const a = steps[t - 1] as Tensor
    const next = f.add(logAdd(a, shifted(a, 1), f.add(shifted(a, 2), skip)), pick(emitted, t))
    steps.push(select(pick(inside, t), next, a))
  }
  return steps
}

/** b_t: ln of the probability of all endings from a place at time t, its emission left out. */
function backward({ time, emitted, skip, end, inside }: Lattice): Tensor[] {
  const steps: Tensor[] = [end]
  for (let t = time - 1; t > 0; t--) {
    const b = steps[0] as Tensor
    const c = f.add(b, pick(emitted, t))
    const next = logAdd(c, shifted(c, -1), shifted(f.add(c, skip), -2))
    // From the last time of the sequence on, b stays what it is at the end.
    steps.unshift(select(pick(inside, t), next, b))
  }
  return steps
}

/** Row t along the first axis. */
const pick = (x: Tensor, t: number): Tensor =>
  reshape(slice(x, [t, 0, 0], [t + 1, ...x.shape.slice(1)]), x.shape.slice(1))

/** a where the condition is 1, b where it is 0. */
const select = (condition: Tensor, a: Tensor, b: Tensor): Tensor =>
  f.add(f.mul(condition, a), f.mul(f.sub(1, condition), b))

/** Columns moved to the right by n, or to the left by -n; NEVER moves in. */
function shifted(x: Tensor, n: number): Tensor {
  const [rows, columns] = x.shape as [number, number]
  const by = Math.min(Math.abs(n), columns)
  const gap = full([rows, by], NEVER, { engine: x.engine })
  if (by === columns) return gap
  return n > 0 ? concat([gap, slice(x, [0, 0], [rows, columns - by])], 1) : concat([slice(x, [0, by]), gap], 1)
}

/** ln(e^a + e^b + e^c). */
function logAdd(a: Tensor, b: Tensor, c: Tensor): Tensor {
  const top = f.maximum(f.maximum(a, b), c)
  const part = (x: Tensor): Tensor => f.exp(f.sub(x, top))
  return f.add(f.log(f.add(f.add(part(a), part(b)), part(c))), top)
}

function checkOperands(x: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor): void {
  for (const operand of [x, targets, inputLengths, targetLengths]) checkTensor(operand, 'ctc')
  if (x.dtype !== 'float32')
    throw new DTypeError('not log-probabilities', { where: 'ctc', expected: 'float32', received: x.dtype })
  for (const [name, t] of Object.entries({ targets, inputLengths, targetLengths }))
    if (t.dtype !== 'int32')
      throw new DTypeError(`${name} are not whole numbers`, { where: 'ctc', expected: 'int32', received: t.dtype })
  const batch = x.shape[1]
  if (x.rank !== 3 || x.size === 0)
    throw new ShapeError('the log-probabilities do not fit', {
      where: 'ctc',
      expected: '[time, batch, classes], nothing of them empty',
      received: shapeText(x.shape),
    })
  if (targets.rank !== 2 || targets.shape[0] !== batch)
    throw new ShapeError('the targets do not fit', {
      where: 'ctc',
      expected: `[${batch}, symbols]`,
      received: shapeText(targets.shape),
    })
  for (const [name, t] of Object.entries({ inputLengths, targetLengths }))
    if (t.rank !== 1 || t.shape[0] !== batch)
      throw new ShapeError(`the ${name} do not fit`, {
        where: 'ctc',
        expected: `[${batch}]`,
        received: shapeText(t.shape),
      })
}
