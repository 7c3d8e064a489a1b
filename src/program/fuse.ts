import type { Fusion, Node, Replacement, Value } from './graph.ts'

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
  const fusion: Fusion = {
    soleProducer(value) {
      const { producer } = value
      if (producer === undefined || value.storage !== undefined) return undefined
      if (outputs.has(value) || readers.get(value) !== 1 || producer.op.inPlace !== undefined) return undefined
      taken = firsts.get(producer) ?? producer.id
      return replaced.get(producer) ?? producer
    },
  }
  const result = nodes.map((node) => {
    const replacement = node.op.absorb?.(node, fusion)
    if (replacement === undefined) return node
    replaced.set(node, replacement)
    firsts.set(node, taken)
    return { ...node, ...replacement, id: taken }
  })
  return live(result, outputs)
}
