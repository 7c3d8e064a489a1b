import * as cr from '../src/index.ts'
import { asTensor } from './golden-adapter.ts'
import type { GoldenCase, GoldenTensor, Numbers, Result } from './helpers/golden.ts'

// The small convolutional network of the golden curves, as layers, trained as a user would train it.

type Given = Readonly<Record<string, GoldenTensor>>

/** Golden weights by path of the state dict. */
const NAMES: Readonly<Record<string, string>> = {
  '0.weight': 'cw1',
  '0.bias': 'cb1',
  '1.weight': 'g1',
  '1.bias': 'be1',
  '4.weight': 'cw2',
  '4.bias': 'cb2',
  '8.weight': 'fw',
  '8.bias': 'fb',
}

/** Losses, the weights and the running statistics at the end. */
export function cnnCurve(
  c: GoldenCase,
  given: Given,
  batches: Readonly<Record<'x' | 'y', (index: number) => ArrayLike<number>>>,
  optimizerOf: (model: cr.nn.Module) => cr.optim.Optimizer,
): Result {
  const norm = cr.nn.batchNorm(4)
  const model = cr.nn.sequential([
    cr.nn.conv2d(1, 4, 3, { padding: 1 }),
    norm,
    cr.nn.relu(),
    cr.nn.maxPool2d(2),
    cr.nn.conv2d(4, 6, 3, { padding: 1 }),
    cr.nn.relu(),
    cr.nn.avgPool2d(2),
    cr.nn.flatten(),
    cr.nn.linear(24, 4),
  ])
  return cr.scope(() => {
    const entries = Object.entries(NAMES).map(([path, name]) => {
      const t = given[name]!
      return [path, { shape: [...t.shape], data: asTensor(t).dataSync() as Float32Array }] as const
    })
    const report = model.loadStateDict(entries, { strict: false })
    if (report.unexpected.length + report.misshaped.length > 0) throw new Error(JSON.stringify(report))
    const optimizer = optimizerOf(model)
    const step = cr.capture(
      ({ x, y }) => {
        const { value, grads } = cr.valueAndGrad(() => cr.crossEntropy(model.forward(x), y), model)
        optimizer.step(grads)
        return { loss: value }
      },
      { x: cr.spec([8, 1, 8, 8]), y: cr.spec([8], 'int32') },
    )
    const loss = Array.from({ length: c.steps! }, (_, t) => {
      return step.run({ x: batches.x(t), y: batches.y(t) }).loss[0] as number
    })
    const outputs: Record<string, Numbers> = {}
    for (const [path, weight] of model.namedParameters()) {
      const turned = weight.rank === 2 ? weight.transpose() : weight
      outputs[NAMES[path]!] = { shape: turned.shape, data: turned.dataSync() }
    }
    for (const name of ['running_mean', 'running_var'] as const)
      outputs[name] = { shape: norm[name].shape, data: norm[name].dataSync() }
    step.dispose()
    for (const variable of optimizer.state().values()) variable.dispose()
    model.dispose()
    return { loss, outputs }
  })
}
