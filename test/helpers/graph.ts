import { type Attrs, type GraphNode, type GraphValue, type RefTensor, references } from '../../src/reference/index.ts'

// Graphs by hand, for what works on traced graphs but needs no engine.

export interface Leaf extends GraphValue {
  readonly numbers: RefTensor
}

export function leaf(shape: readonly number[], numbers: readonly number[]): Leaf {
  return { shape, dtype: 'float32', index: 0, numbers: { shape, data: Float64Array.from(numbers) } }
}

export const feed = (value: GraphValue): RefTensor => (value as Leaf).numbers

/** Outputs of one operation; their shapes are those of the reference applied to zeros. */
export function nodes(name: keyof typeof references, inputs: readonly GraphValue[], attrs: Attrs = {}): GraphValue[] {
  const blank = inputs.map(({ shape }) => ({ shape, data: new Float64Array(shape.reduce((p, n) => p * n, 1)) }))
  const outputs: GraphValue[] = []
  const node: GraphNode = { op: { name }, inputs, outputs, attrs }
  for (const [index, { shape }] of references[name](blank, attrs).entries()) {
    outputs.push({ shape, dtype: 'float32', producer: node, index })
  }
  return outputs
}

export function node(name: keyof typeof references, inputs: readonly GraphValue[], attrs: Attrs = {}): GraphValue {
  return nodes(name, inputs, attrs)[0] as GraphValue
}
