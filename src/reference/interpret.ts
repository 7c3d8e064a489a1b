import { EngineError } from '../errors.ts'
import { references } from './references.ts'
import { type Attrs, input, type Reference, type RefTensor, sizeOf } from './tensor.ts'

/** What the interpreter needs to know of a traced value; the values of a program's graph are such. */
export interface GraphValue {
  readonly shape: readonly number[]
  readonly dtype: string
  /** The node that computes it; a leaf (a parameter, an input, a constant) has none. */
  readonly producer?: GraphNode | undefined
  /** Which output of the producer it is. */
  readonly index: number
}

export interface GraphNode {
  readonly op: { readonly name: string }
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  readonly attrs: Attrs
}

/** Sees every node as it is computed; what it returns, if anything, replaces the outputs. */
export type Observer = (
  node: GraphNode,
  inputs: readonly RefTensor[],
  outputs: readonly RefTensor[],
) => readonly RefTensor[] | undefined

/** What their results are to the chain rule, whatever they are computed from. */
const CONSTANT: ReadonlySet<string> = new Set(['stopGradient', 'assign', 'advance', 'sgd', 'adam', 'amsgrad', 'lion'])

/** Where the numbers of leaves come from. */
export type Feed = (leaf: GraphValue) => RefTensor

/**
 * A graph and its values in f64. The values at the fed leaves are computed once; with other numbers in one leaf,
 * only the nodes that depend on it are computed again; what passes through stopGradient or an update stays, as it does for the rules.
 */
export class Evaluation {
  /** The leaves that the outputs depend on. */
  readonly leaves: readonly GraphValue[]
  readonly #outputs: readonly GraphValue[]
  readonly #order: readonly GraphNode[]
  readonly #base: Map<GraphValue, RefTensor>
  readonly #dependents: Map<GraphValue, readonly GraphNode[]> = new Map()

  /** `fixed` are leaves even where a producer is known. */
  constructor(outputs: readonly GraphValue[], feed: Feed, fixed: ReadonlySet<GraphValue> = new Set()) {
    this.#outputs = outputs
    this.#order = inOrder(outputs, fixed)
    this.leaves = leavesOf(outputs, this.#order, fixed)
    this.#base = new Map()
    for (const leaf of this.leaves) this.#base.set(leaf, fed(leaf, feed))
    compute(this.#order, this.#base)
  }

  /** The values of the outputs, or, given `leaf` and `numbers`, what they become when the leaf holds these. */
  outputs(leaf?: GraphValue, numbers?: Float64Array, observer?: Observer): RefTensor[] {
    if (leaf === undefined || numbers === undefined) return this.#outputs.map((v) => this.value(v))
    const values = new Map<GraphValue, RefTensor>([[leaf, { shape: leaf.shape, data: numbers }]])
    compute(this.#after(leaf), values, this.#base, observer)
    return this.#outputs.map((v) => values.get(v) ?? this.value(v))
  }

  /** The whole graph again, every node seen by the observer, and every leaf by its own. */
  replay(observer: Observer, leafObserver = (_leaf: GraphValue, value: RefTensor): RefTensor => value): RefTensor[] {
    const values = new Map(this.leaves.map((leaf) => [leaf, leafObserver(leaf, this.value(leaf))]))
    compute(this.#order, values, undefined, observer)
    return this.#outputs.map((v) => values.get(v) ?? this.value(v))
  }

  /** The value of any leaf or intermediate result. */
  value(of: GraphValue): RefTensor {
    const value = this.#base.get(of)
    if (value === undefined) throw new EngineError('the value is not part of the evaluated graph')
    return value
  }

  #after(leaf: GraphValue): readonly GraphNode[] {
    let nodes = this.#dependents.get(leaf)
    if (nodes === undefined) {
      const touched = new Set<GraphValue>([leaf])
      nodes = this.#order.filter((node) => {
        const depends = !CONSTANT.has(node.op.name) && node.inputs.some((v) => touched.has(v))
        if (depends) for (const output of node.outputs) touched.add(output)
        return depends
      })
      this.#dependents.set(leaf, nodes)
    }
    return nodes
  }
}

/** The values of `outputs` in f64, from the numbers that `feed` gives for the leaves. */
export function evaluate(outputs: readonly GraphValue[], feed: Feed): RefTensor[] {
  return new Evaluation(outputs, feed).outputs()
}

function fed(leaf: GraphValue, feed: Feed): RefTensor {
  const value = feed(leaf)
  if (value.data.length !== sizeOf(leaf.shape)) {
    throw new EngineError('the numbers of a leaf do not fill its shape', {
      expected: `${sizeOf(leaf.shape)} for [${leaf.shape}]`,
      received: `${value.data.length}`,
    })
  }
  return value
}

function compute(
  nodes: readonly GraphNode[],
  values: Map<GraphValue, RefTensor>,
  base?: ReadonlyMap<GraphValue, RefTensor>,
  observer?: Observer,
): void {
  for (const node of nodes) {
    const inputs = node.inputs.map((v) => values.get(v) ?? input([base?.get(v) as RefTensor], 0))
    const results = row(node.op.name)(inputs, node.attrs)
    const seen = observer?.(node, inputs, results) ?? results
    node.outputs.forEach((v, i) => {
      values.set(v, input(seen, i))
    })
  }
}

function row(name: string): Reference {
  if (!Object.hasOwn(references, name)) {
    throw new EngineError('no reference', { where: name, hint: 'Add the operation to src/reference.' })
  }
  return references[name as keyof typeof references]
}

/** Every node that the outputs need, inputs first; without recursion, so that depth is no limit. */
function inOrder(outputs: readonly GraphValue[], fixed: ReadonlySet<GraphValue>): GraphNode[] {
  const order: GraphNode[] = []
  const entered = new Set<GraphNode>()
  const stack: { node: GraphNode; next: number }[] = []
  const enter = (value: GraphValue): void => {
    const node = value.producer
    if (node === undefined || fixed.has(value) || entered.has(node)) return
    entered.add(node)
    stack.push({ node, next: 0 })
  }
  for (const output of outputs) {
    enter(output)
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { node: GraphNode; next: number }
      const operand = top.node.inputs[top.next++]
      if (operand !== undefined) enter(operand)
      else order.push((stack.pop() as { node: GraphNode }).node)
    }
  }
  return order
}

function leavesOf(
  outputs: readonly GraphValue[],
  order: readonly GraphNode[],
  fixed: ReadonlySet<GraphValue>,
): GraphValue[] {
  const all = [...outputs, ...order.flatMap((node) => node.inputs)]
  return [...new Set(all.filter((v) => v.producer === undefined || fixed.has(v)))]
}
