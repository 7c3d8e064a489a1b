// Every layer of nn by its table: its cases exported, and run by onnxruntime on the same numbers.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { numbersOf } from '../../src/check/operands.ts'
import { exportOnnx } from '../../src/export/index.ts'
import { type Engine, init, type Spec, scope, type Tensor, tensor } from '../../src/index.ts'
import { inMode } from '../../src/train/mode.ts'
import { layers } from '../nn/layers/index.ts'
import type { LayerCase, MakerName } from '../nn/layers/types.ts'
import { inOrt, type Result } from './run.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 9 })
})
afterAll(() => engine.close())

const names = Object.keys(layers) as MakerName[]

/** Inputs by name, and what a case computes of them. */
function portsOf(c: LayerCase): {
  specs: Readonly<Record<string, Spec>>
  data: Readonly<Record<string, Float32Array | Int32Array>>
} {
  const named = c.inputs.map((operand, i) => [`x${i}`, operand, numbersOf(operand, i + 1)] as const)
  return {
    specs: Object.fromEntries(named.map(([name, { shape, dtype = 'float32' }]) => [name, { shape, dtype }])),
    data: Object.fromEntries(
      named.map(([name, { dtype }, values]) => [
        name,
        dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values),
      ]),
    ),
  }
}

test.each(names)('%s gives in onnxruntime what it gives here', async (name) => {
  for (const [i, c] of layers[name].cases.entries()) {
    using _ = scope()
    using module = c.make()
    const { specs, data } = portsOf(c)
    const call = (operands: readonly Tensor[]): Readonly<Record<string, Tensor>> => {
      const made = c.call?.(module, ...operands) ?? [
        (module.forward as (...x: readonly Tensor[]) => Tensor)(...operands),
      ]
      return Object.fromEntries(made.map((y, k) => [`y${k}`, y]))
    }
    const bytes = exportOnnx(module, specs, { forward: (inputs) => call(Object.values(inputs)) })
    const here = inMode(module, false, () =>
      call(Object.entries(specs).map(([input, { shape }]) => tensor(data[input] as Float32Array, shape))),
    )
    const { results } = await inOrt(bytes, specs, data)
    for (const [output, y] of Object.entries(here)) {
      const numbers = y.dataSync()
      const got = results[output] as Result
      const where = `case ${i}, ${output}`
      expect([...got.shape], where).toEqual([...y.shape])
      const scale = Math.max(1, ...Array.from(numbers, Math.abs))
      for (const [at, value] of numbers.entries())
        expect(Math.abs((got.data[at] as number) - value) / scale, `${where}[${at}]`).toBeLessThanOrEqual(1e-5)
    }
  }
})
