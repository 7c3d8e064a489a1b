import { expect } from 'vitest'
import { crossEntropy, currentEngine, data, nn, optim, type Tensor, train } from '../../src/index.ts'
import { clouds } from './points.ts'

// A classifier of four numbers that is trained in no time, and its rows.

export const set = data.arrays(clouds(48, 4, 3), { shapes: { x: [4] } })
export const held = data.arrays(clouds(30, 4, 3, 2), { shapes: { x: [4] } })
export type Keys = 'x' | 'y'

/** The same first weights each time. */
export function network(dropout = 0): nn.Sequential {
  currentEngine().generator.restore(Int32Array.of(5, 6, 7, 0))
  return nn.sequential([nn.linear(4, 12), nn.tanh(), nn.dropout(dropout), nn.linear(12, 3)])
}
export const weightsOf = async (model: nn.Module): Promise<number[]> =>
  [...(await model.stateDict()).values()].flatMap(({ data: values }) => [...values])

/** The weights after some steps on all rows at once. */
export async function trained(
  options: Partial<Record<keyof train.StepOptions<Keys>, unknown>>,
  rows: data.Dataset<Keys> = set,
): Promise<number[]> {
  using model = network()
  using optimizer = optim.sgd(model, { lr: 0.5 })
  const given = { loss: crossEntropy, optimizer, steps: 4, batch: rows.size, ...options }
  await train.fit(model, rows, given as unknown as train.FitOptions<Keys>)
  return await weightsOf(model)
}

export function near(a: readonly number[], b: readonly number[], tolerance = 2e-6): void {
  expect(a.length).toBe(b.length)
  for (const [i, value] of a.entries()) expect(Math.abs(value - (b[i] as number))).toBeLessThan(tolerance)
}

/** Gives its input back. */
export class Same extends nn.Module {
  unused = nn.linear(1, 1)
  override forward(x: Tensor): Tensor {
    return x
  }
}
