import type { RefTensor } from '../../reference/index.ts'

/** A function of each element. */
export const each =
  (f: (x: number) => number) =>
  ({ shape, data }: RefTensor): RefTensor => ({ shape, data: data.map((x) => f(x)) })
