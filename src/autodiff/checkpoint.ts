import { ArgumentError } from '../errors.ts'
import { checkTensor } from '../ops/apply.ts'
import { type BackwardContext, type Operands, withGradient } from '../ops/custom.ts'
import { Tensor } from '../ops/tensor.ts'
import type { Engine } from '../program/engine.ts'
import { Generator } from '../program/generator.ts'
import { type Node, nextNode, type Value } from '../program/graph.ts'
import { scoped } from '../tensor/scope.ts'
import { backward } from './gradients.ts'

/**
 * f(..inputs), without keeping what f computes on its way: the backward pass computes it again (Chen et al. 2016). For
 * blocks of a deep network, whose memory then grows with the number of blocks instead of that of layers; the forward
 * pass is done twice. Everything that f reads gets its gradient, parameters included, and dropout draws the same mask
 * both times. Updates inside of f (running statistics) happen once.
 *
 * Throws ArgumentError when there is no input, DTypeError when f does not return a tensor.
 */
export function checkpoint<A extends Operands>(f: (...inputs: A) => Tensor, ...inputs: A): Tensor {
  if (typeof f !== 'function') throw new ArgumentError('not a function', { where: 'checkpoint', received: typeof f })
  const first = inputs[0]
  if (first === undefined)
    throw new ArgumentError('nothing to compute from', {
      where: 'checkpoint',
      expected: 'one input or more',
      received: 'none',
    })
  for (const x of inputs) checkTensor(x, 'checkpoint')
  const { engine } = first
  return scoped(engine, () => {
    const start = nextNode()
    // Handles on what the block reads outlive the tape of the block.
    const { y, block, outside } = engine.untaped(() => {
      const y = checkTensor(f(...inputs), 'checkpoint')
      return { y, ...blockOf(y.state, start, engine) }
    })
    if (block.length === 0) return y.alias()
    return withGradient('checkpoint', y, outside, (context) => again(context, y.state, block))
  })
}

/** The nodes from number `start` on that `y` is computed by, in order, and what they read from elsewhere. */
function blockOf(y: Value, start: number, engine: Engine): { block: Node[]; outside: Tensor[] } {
  const block = new Set<Node>()
  const outside = new Set<Value>()
  const open = [y]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = value.producer
    if (node === undefined || node.id < start || node.op.inPlace !== undefined) {
      outside.add(value)
      continue
    }
    if (block.has(node)) continue
    block.add(node)
    open.push(...node.inputs)
  }
  return { block: [...block].sort((a, b) => a.id - b.id), outside: [...outside].map((v) => new Tensor(engine, v)) }
}

/** The gradients of the block for what it reads, through a second computation of it. */
function again({ inputs, dy, needs }: BackwardContext<Operands>, y: Value, block: readonly Node[]): Tensor[] {
  const { engine } = dy
  const twin = new Map<Value, Value>()
  for (const { op, inputs: operands, outputs, attrs } of block) {
    // The words of a generator may have moved on; the draw of the node says how far.
    const { generator } = attrs
    const now = operands.map((value, i) =>
      generator instanceof Generator && i === operands.length - 1 ? generator.state : (twin.get(value) ?? value),
    )
    for (const [i, made] of engine.record(op, now, attrs).entries()) twin.set(outputs[i] as Value, made)
  }
  const wanted = inputs.flatMap((x, i) => (needs[i] === true ? [x.state] : []))
  const grads = backward(new Tensor(engine, twin.get(y) as Value), wanted, dy)
  return needs.map((need) => (need ? grads.shift() : undefined)) as Tensor[]
}
