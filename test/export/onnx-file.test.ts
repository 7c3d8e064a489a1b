import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportOnnx } from '../../src/export/index.ts'
import { notExported, onnxRows } from '../../src/export/onnx/table.ts'
import {
  ArgumentError,
  add,
  dropout,
  type Engine,
  ExportError,
  init,
  mul,
  nn,
  ops,
  ShapeError,
  spec,
  sum,
  type Tensor,
  tensor,
} from '../../src/index.ts'
import { blob, decode, type Fields, int, ints, message, messages, text, texts } from '../helpers/protobuf.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 3 })
})
afterAll(() => engine.close())

const graphOf = (bytes: Uint8Array): Fields => message(decode(bytes), 7)
/** Sizes of an input or output; the names of those that are not fixed. */
const dimsOf = (port: Fields): (number | string)[] =>
  messages(message(message(message(port, 2), 1), 2), 1).map((dim) => int(dim, 1) ?? (text(dim, 2) as string))

class Doubled extends nn.Module {
  readonly inner: nn.Module
  constructor(inner: nn.Module) {
    super()
    this.inner = inner
  }
  override forward(x: Tensor): Tensor {
    return mul((this.inner as nn.Linear).forward(x), 2)
  }
}

describe('the file', () => {
  it('has the version, the opset, the producer and the metadata', () => {
    using model = nn.linear(3, 2)
    const bytes = exportOnnx(model, { x: spec([1, 3]) }, { metadata: { author: 'me', été: '2' }, description: 'a row' })
    const file = decode(bytes)
    expect(int(file, 1)).toBe(8)
    expect(text(file, 2)).toBe('chainrule')
    expect(text(file, 6)).toBe('a row')
    expect(messages(file, 8).map((opset) => [text(opset, 1), int(opset, 2)])).toEqual([['', 17]])
    expect(messages(file, 14).map((entry) => [text(entry, 1), text(entry, 2)])).toEqual([
      ['author', 'me'],
      ['été', '2'],
    ])
    expect(text(message(file, 7), 2)).toBe('linear')
  })

  it('has inputs and outputs with the batch as a name', () => {
    using model = nn.sequential([nn.flatten(), nn.linear(6, 2)])
    const graph = graphOf(exportOnnx(model, { image: spec([1, 2, 3]) }))
    expect(messages(graph, 11).map((port) => [text(port, 1), dimsOf(port)])).toEqual([['image', ['batch', 2, 3]]])
    expect(messages(graph, 12).map((port) => [text(port, 1), dimsOf(port)])).toEqual([['output', ['batch', 2]]])
    const fixed = graphOf(exportOnnx(model, { image: spec([5, 2, 3]) }, { batch: 'fixed' }))
    expect(messages(fixed, 11).map(dimsOf)).toEqual([[5, 2, 3]])
    expect(messages(fixed, 12).map(dimsOf)).toEqual([[5, 2]])
  })

  it('has the weights with the names, layouts and values of the state dict', async () => {
    using model = nn.sequential([nn.linear(3, 2), nn.relu(), nn.lstm(2, 4)])
    const graph = graphOf(exportOnnx(model, { x: spec([1, 5, 3]) }))
    const state = await model.stateDict()
    const initializers = new Map(messages(graph, 5).map((entry) => [text(entry, 8) as string, entry]))
    for (const [name, { shape, data }] of state) {
      const entry = initializers.get(name)
      expect(entry, name).toBeDefined()
      expect(int(entry as Fields, 2)).toBe(1)
      expect(ints(entry as Fields, 1)).toEqual(shape)
      const raw = blob(entry as Fields, 9) as Uint8Array
      expect(new Float32Array(raw.slice().buffer)).toEqual(data)
    }
    expect(state.size).toBe(6)
  })

  it('writes a layer as one Gemm with its bias', () => {
    using model = nn.sequential([nn.linear(3, 2), nn.relu(), nn.linear(2, 1)])
    const nodes = messages(graphOf(exportOnnx(model, { x: spec([1, 3]) })), 1)
    expect(nodes.map((node) => [text(node, 4), texts(node, 1).slice(1)])).toEqual([
      ['Gemm', ['0.weight', '0.bias']],
      ['Relu', []],
      ['Gemm', ['2.weight', '2.bias']],
    ])
    expect(nodes.map((node) => text(node, 3))).toEqual(['0/Gemm', '1/Relu', '2/Gemm'])
    expect(texts(nodes[2] as Fields, 2)).toEqual(['output'])
  })

  it('writes batch normalization as one operator, with the running statistics', () => {
    using model = nn.sequential([nn.conv2d(2, 3, 3, { bias: false }), nn.batchNorm(3, { eps: 1e-3 }), nn.relu()])
    const nodes = messages(graphOf(exportOnnx(model, { x: spec([1, 2, 5, 5]) })), 1)
    expect(nodes.map((node) => [text(node, 3), text(node, 4), texts(node, 1).slice(1)])).toEqual([
      ['0/Conv', 'Conv', ['0.weight']],
      ['1/BatchNormalization', 'BatchNormalization', ['1.weight', '1.bias', '1.running_mean', '1.running_var']],
      ['2/Relu', 'Relu', []],
    ])
    const eps = message(nodes[1] as Fields, 5)
    expect(text(eps, 1)).toBe('epsilon')
  })

  it('names every node and every tensor once', () => {
    using model = nn.sequential([nn.transformerEncoderLayer(4, 2), nn.transformerEncoderLayer(4, 2), nn.gru(4, 3)])
    const graph = graphOf(exportOnnx(model, { x: spec([1, 5, 4]) }))
    const nodes = messages(graph, 1)
    const names = nodes.map((node) => text(node, 3))
    expect(new Set(names).size).toBe(names.length)
    const tensors = [
      ...messages(graph, 11).map((port) => text(port, 1)),
      ...messages(graph, 5).map((entry) => text(entry, 8)),
      ...nodes.flatMap((node) => texts(node, 2)),
    ]
    expect(new Set(tensors).size).toBe(tensors.length)
    const known = new Set(['', ...tensors.slice(0, messages(graph, 11).length + messages(graph, 5).length)])
    for (const node of nodes) {
      for (const input of texts(node, 1)) expect(known, `before ${text(node, 3)}`).toContain(input)
      for (const output of texts(node, 2)) known.add(output)
    }
  })

  it('is the same for the same model', () => {
    using model = nn.transformerEncoderLayer(4, 2)
    const file = (): Uint8Array => exportOnnx(model, { x: spec([1, 5, 4]) })
    expect(file()).toEqual(file())
  })
})

/** Every step of every sequence as a row. */
class Flat extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.reshape([-1, 4])
  }
}

describe('the batch', () => {
  /** Its weight is one row for each of three samples. */
  class Bound extends nn.Module {
    readonly table: Tensor = tensor([[1], [2], [3]])
    override forward(x: Tensor): Tensor {
      return add(x, this.table)
    }
  }

  it('is fixed where the model fixes it, or an error where it was asked for', () => {
    const model = new Bound()
    const graph = graphOf(exportOnnx(model, { x: spec([3, 2]) }))
    expect(messages(graph, 11).map(dimsOf)).toEqual([[3, 2]])
    expect(() => exportOnnx(model, { x: spec([3, 2]) }, { batch: 'dynamic' })).toThrow(ExportError)
    expect(() => exportOnnx(model, { x: spec([3, 2]) }, { batch: 'dynamic' })).toThrow(/every size of the batch.*fixed/)
    model.table.dispose()
  })

  it('is fixed where a number depends on it', () => {
    class Share extends nn.Module {
      override forward(x: Tensor): Tensor {
        return mul(sum(x, 0), 1 / (x.shape[0] as number))
      }
    }
    const graph = graphOf(exportOnnx(new Share(), { x: spec([4, 2]) }))
    expect(messages(graph, 11).map(dimsOf)).toEqual([[4, 2]])
  })
})

describe('the length of a sequence', () => {
  it('has a name of its own, also where the batch is fixed', () => {
    using model = nn.transformerEncoderLayer(4, 2, { causal: true })
    const x = spec([2, 6, 4])
    const graph = graphOf(exportOnnx(model, { x }, { timeAxes: { x: 1 } }))
    expect(messages(graph, 11).map(dimsOf)).toEqual([['batch', 'time', 4]])
    expect(messages(graph, 12).map(dimsOf)).toEqual([['batch', 'time', 4]])
    const fixed = graphOf(exportOnnx(model, { x }, { batch: 'fixed', timeAxes: { x: 1 } }))
    expect(messages(fixed, 11).map(dimsOf)).toEqual([[2, 'time', 4]])
    const rows = graphOf(exportOnnx(new Flat(), { x }, { timeAxes: { x: 1 } }))
    expect(messages(rows, 12).map(dimsOf)).toEqual([['batch*time', 4]])
  })

  it('is an error where the model fixes it, or where there is none', () => {
    using model = nn.sequential([nn.flatten(), nn.linear(24, 2)])
    const x = spec([2, 6, 4])
    expect(() => exportOnnx(model, { x }, { timeAxes: { x: 1 } })).toThrow(ExportError)
    expect(() => exportOnnx(model, { x }, { timeAxes: { x: 1 } })).toThrow(/every length of a sequence/)
    for (const wrong of [{ y: 1 }, { x: 0 }, { x: 3 }, { x: -1 }])
      expect(() => exportOnnx(model, { x }, { timeAxes: wrong as { x: number } })).toThrow(ArgumentError)
    expect(() => exportOnnx(model, { x: spec([2, 3, 8]) }, { timeAxes: { x: 1 } })).toThrow(/at least 4 steps/)
  })
})

describe('what cannot be exported', () => {
  it('names the op and the layer, and leaves everything as it was', () => {
    class Noisy extends nn.Module {
      override forward(x: Tensor): Tensor {
        return dropout(x, 0.5)
      }
    }
    class Outer extends nn.Module {
      readonly body: nn.Sequential = nn.sequential([nn.linear(3, 3), new Noisy() as unknown as nn.Layer])
      override forward(x: Tensor): Tensor {
        return this.body.forward(x)
      }
    }
    using model = new Outer()
    const before = engine.handles
    const act = (): unknown => exportOnnx(model, { x: spec([1, 3]) })
    expect(act).toThrow(ExportError)
    expect(act).toThrow(/^body\.1: dropout: the operation has no ONNX form.*random/)
    expect(engine.handles).toBe(before)
    expect(model.training && model.body.training).toBe(true)
    expect(engine.isCapturing).toBe(false)
  })

  it('refuses wrong calls', () => {
    using model = nn.linear(3, 2)
    const x = spec([1, 3])
    expect(() => exportOnnx({} as nn.Module, { x })).toThrow(ArgumentError)
    expect(() => exportOnnx(model, {})).toThrow(ArgumentError)
    expect(() => exportOnnx(model, { output: x })).toThrow(/same name/)
    expect(() => exportOnnx(model, { x: spec([1, 4]) })).toThrow(ShapeError)
    expect(() => exportOnnx(model, { x }, { batch: 'free' as 'fixed' })).toThrow(ArgumentError)
    expect(() => exportOnnx(model, { x }, { batchAxes: { x: 2 } })).toThrow(ArgumentError)
    expect(() => exportOnnx(model, { x }, { batchAxes: { y: 0 } as Record<string, number> })).toThrow(ArgumentError)
    expect(() => exportOnnx(model, { x: { shape: [1, 3], dtype: 'float64' } })).toThrow(ArgumentError)
    expect(() => exportOnnx(model, { x }, { forward: () => 3 as unknown as Tensor })).toThrow(ArgumentError)
    expect(() => exportOnnx(model, { x }, { forward: ({ x: t }) => tensor(t.dataSync()) })).toThrow(/captured/)
  })

  it('keeps the running statistics of a model in training mode', async () => {
    using model = new Doubled(nn.sequential([nn.linear(3, 2), nn.batchNorm(2)]))
    const before = await model.stateDict()
    exportOnnx(model, { x: spec([1, 3]) })
    expect(await model.stateDict()).toEqual(before)
  })
})

describe('the mapping', () => {
  it('has a row for every op, or the reason why there is none', () => {
    const both = Object.keys(onnxRows).filter((name) => name in notExported)
    const none = Object.keys(ops).filter((name) => !(name in onnxRows) && !(name in notExported))
    const unknown = [...Object.keys(onnxRows), ...Object.keys(notExported)].filter((name) => !(name in ops))
    expect({ both, none, unknown }).toEqual({ both: [], none: [], unknown: [] })
  })
})
