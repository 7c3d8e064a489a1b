import { capture, matmul, randomNormal } from '../../src/index.ts'
import type { Task } from './peer.ts'
import { build, workloads } from './workloads.ts'

/** What is run here, what the peer is to run, and how both say that they compute the same. */
export interface Match {
  readonly run: (times: number) => unknown
  readonly task: Task
  readonly losses?: (steps: number) => Promise<number>
  dispose(): void
}

export function matches(): Readonly<Record<string, () => Match>> {
  const all: Record<string, () => Match> = {}
  for (const workload of workloads)
    all[workload.name] = () => {
      const built = build(workload)
      return {
        run: (times) => built.step.runMany(times),
        task: { task: 'train', workload, built },
        losses: async (steps) => (await built.step.runMany(steps)).curves.loss[0] as number,
        dispose: () => built.dispose(),
      }
    }
  for (const batch of [1, 64])
    all[`W6 b${batch}`] = () => {
      const workload = { ...(workloads.find(({ name }) => name === 'W2') as (typeof workloads)[number]), batch }
      const built = build(workload)
      const run = (times: number): void => {
        for (let i = 0; i < times; i++) built.infer.run()
      }
      return { run, task: { task: 'infer', workload, built }, dispose: () => built.dispose() }
    }
  all['W7 n=1024'] = () => {
    const n = 1024
    const [a, b] = [randomNormal([n, n]), randomNormal([n, n])]
    a.dataSync()
    const step = capture(() => ({ c: matmul(a, b) }))
    return { run: (times) => step.runMany(times), task: { task: 'matmul', n }, dispose: () => step.dispose() }
  }
  return all
}
