import { createValue, type Fusion, type Node, type Replacement, type Value } from './graph.ts'

/** Nodes that some output or some update of state depends on, in their order. */
export function live(nodes: readonly Node[], outputs: ReadonlySet<Value>): Node[] {
  const needed = new Set<Value>(outputs)
  const kept: Node[] = []
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node
    const effect = node.op.inPlace?.some((target) => target >= 0) ?? false
    if (!effect && !node.outputs.some((value) => needed.has(value))) continue
    for (const value of node.inputs) needed.add(value)
    kept.push(node)
  }
  return kept.reverse()
}

/**
 * Lets ops absorb the producers of their inputs (bias and activation into a matrix product). The bits stay the same:
 * what is fused is computed in the same order with the same roundings.
 */
export function fuse(nodes: readonly Node[], outputs: ReadonlySet<Value>): Node[] {
  const readers = new Map<Value, number>()
  for (const node of nodes) for (const value of node.inputs) readers.set(value, (readers.get(value) ?? 0) + 1)
  const replaced = new Map<Node, Replacement>()
  /** The first of the nodes that went into one: what the rest was absorbed by. */
  const firsts = new Map<Node, number>()
  let taken = 0
  const result: Node[] = []
  const fusion: Fusion = {
    soleProducer(value) {
      const { producer } = value
      if (producer === undefined || value.storage !== undefined) return undefined
      if (outputs.has(value) || readers.get(value) !== 1 || producer.op.inPlace !== undefined) return undefined
      taken = firsts.get(producer) ?? producer.id
      return replaced.get(producer) ?? producer
    },
    widen(value, op, attrs, wider) {
      const at = result.findIndex(
        ({ op: found, inputs: [input], attrs: given }) =>
          input === value && (found === op || found === wider) && JSON.stringify(given) === JSON.stringify(attrs),
      )
      const node = result[at]
      if (node === undefined || node.op === wider) return node?.outputs.at(-1)
      const more = createValue(node.outputs[0] as Value)
      result[at] = { ...node, op: wider, outputs: [...node.outputs, more] }
      return more
    },
  }
  for (const node of nodes) {
    taken = node.id
    const replacement = node.op.absorb?.(node, fusion)
    if (replacement === undefined) {
      result.push(node)
      continue
    }
    replaced.set(node, replacement)
    firsts.set(node, taken)
    result.push({ ...node, ...replacement, id: taken })
  }
  return live(result, outputs)
}
