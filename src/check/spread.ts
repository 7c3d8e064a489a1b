import type { Evaluation, GraphValue, ReferenceName, RefTensor } from '../reference/index.ts'
import { rounding } from './rounding.ts'
import { DENORMAL } from './rounding-basis.ts'

/** Uniform numbers of this range have variance 1. */
const RANGE = Math.sqrt(3)

/** Sums of whole numbers of f32 are whole and exact. */
const EXACT: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'scatterAdd', 'sum', 'takeAlongGrad'])
const WHOLE = 2 ** 24
const isWhole = ({ data }: RefTensor): boolean => data.every((v) => Number.isInteger(v) && Math.abs(v) < WHOLE)

/** The outputs once more, every result on the way moved by a random part of its own rounding bound. */
export function rounded(
  graph: Evaluation,
  random: () => number,
  leaf?: (leaf: GraphValue, value: RefTensor) => RefTensor,
): RefTensor[] {
  // what is exactly 0 with nothing that cancels stays so: no sign or truth value changes
  const moved = (v: number, bound: number): number =>
    (v !== 0 || bound > DENORMAL) && Number.isFinite(bound) ? v + RANGE * (2 * random() - 1) * bound : v
  return graph.replay((node, inputs, outputs) => {
    if (EXACT.has(node.op.name) && inputs.every(isWhole) && outputs.every(isWhole)) return outputs
    const bounds = rounding[node.op.name as ReferenceName](inputs, node.attrs, outputs)
    return outputs.map(({ shape, data }, k) => {
      // whole numbers are exact
      if (node.outputs[k]?.dtype === 'int32') return { shape, data }
      const bound = bounds[k] as Float64Array
      return { shape, data: data.map((v, i) => moved(v, bound[i] as number)) }
    })
  }, leaf)
}
