import { GradientError } from '../errors.ts'
import { ones, zeros } from '../ops/create.ts'
import type { OpRow } from '../ops/define.ts'
import { add } from '../ops/functions.ts'
import { Tensor } from '../ops/tensor.ts'
import { type Node, ruleOf, type Value } from '../program/graph.ts'
import { scoped } from '../tensor/scope.ts'
import { type Gradients, type ParameterTree, treeOf } from './tree.ts'

/**
 * Gradients of a scalar loss by the chain rule, from the loss back to the parameters (reverse mode): for every op, the
 * gradient of its output times its local derivative is the gradient of its input; where a value is used several times
 * the contributions add up. The rules are themselves ops, so gradients can be differentiated again.
 *
 * `f` is a function that computes the loss, or the loss itself when it was not read yet. The result has the structure
 * of `params`: an array for an array, a record for a record or a module.
 */
export function gradients<P extends ParameterTree>(f: Tensor | (() => Tensor), params: P): Gradients<P> {
  const { value, grads } = valueAndGrad(f, params)
  if (typeof f === 'function') value.dispose()
  return grads
}

/** The loss and its gradients. */
export function valueAndGrad<P extends ParameterTree>(
  f: Tensor | (() => Tensor),
  params: P,
): { value: Tensor; grads: Gradients<P> } {
  const tree = treeOf(params)
  const engine = (typeof f === 'function' ? tree.tensors[0] : f)?.engine
  if (engine === undefined)
    throw new GradientError('there is nothing to differentiate by', { where: 'gradients', received: 'no parameters' })
  const starts = tree.tensors.map((tensor) => tensor.use('gradients'))
  const tape = engine.startTape()
  try {
    const result = scoped(engine, () => {
      const value = typeof f === 'function' ? f() : f
      return [value, ...backward(value, starts)]
    })
    const [value, ...grads] = result as [Tensor, ...Tensor[]]
    return { value, grads: tree.rebuild(grads) }
  } finally {
    engine.stopTape(tape)
  }
}

/** Gradients of `loss` for values of its graph, times `seed` (1 for a scalar loss). */
export function backward(loss: Tensor, xs: readonly Value[], seed?: Tensor): Tensor[] {
  checkLoss(loss, seed, xs)
  const { engine } = loss
  const order = dependents(loss.state, new Set(xs))
  const grads = new Map<Value, Tensor>([[loss.state, seed ?? ones(loss.shape, { engine })]])
  const handle = (value: Value): Tensor => new Tensor(engine, value)
  const onPath = new Set<Value>(xs)
  for (const node of order) for (const value of node.outputs) onPath.add(value)

  for (const node of order.reverse()) {
    const dys = node.outputs.map((value) => grads.get(value))
    const needs = node.inputs.map((value) => onPath.has(value) && value.dtype === 'float32')
    if (dys.every((dy) => dy === undefined) || !needs.includes(true)) continue
    const row = node.op as OpRow
    const { gradient } = row
    if (gradient === 'piecewise constant') continue
    if (typeof gradient !== 'function')
      throw new GradientError('its derivative has no gradient of its own', {
        where: row.name,
        expected: 'ops whose rules are written in ops, for second derivatives',
        received: `${row.name}, whose rule is a kernel`,
        hint: 'Use stopGradient() where the gradient is not wanted, or compose the function of other ops.',
      })
    const results = ruleOf(node, () =>
      gradient({
        inputs: node.inputs.map(handle),
        outputs: node.outputs.map(handle),
        dy: (dys[0] ?? zeros(node.outputs[0]?.shape ?? [], { engine })) as Tensor,
        dys,
        attrs: node.attrs,
        needs,
      }),
    )
    for (const [i, value] of node.inputs.entries()) {
      const part = results[i]
      if (part === undefined || needs[i] !== true) continue
      const sum = grads.get(value)
      grads.set(value, sum === undefined ? part : add(sum, part))
    }
  }
  return xs.map((value) => grads.get(value)?.alias() ?? zeros(value.shape, { engine }))
}

function checkLoss(loss: Tensor, seed: Tensor | undefined, xs: readonly Value[]): void {
  if (!(loss instanceof Tensor))
    throw new GradientError('the function did not return a tensor', { where: 'gradients', received: typeof loss })
  const { state } = loss
  if (seed === undefined && loss.size !== 1)
    throw new GradientError('the loss is not a scalar', {
      where: 'gradients',
      expected: 'one number',
      received: `[${loss.shape}]`,
      hint: 'Reduce it: loss.mean() or loss.sum(). For all derivatives of a vector use jacobian().',
    })
  if (state.dtype !== 'float32')
    throw new GradientError('the loss is not float32', { where: 'gradients', received: state.dtype })
  if (state.producer === undefined && state.storage !== undefined && !xs.includes(state))
    throw new GradientError('the history of the loss is gone', {
      where: 'gradients',
      hint: 'It was read, or does not depend on anything. Pass the function that computes it: gradients(() => loss, params).',
    })
}

/** Nodes between the targets and the loss, in the order of tracing. */
function dependents(loss: Value, targets: ReadonlySet<Value>): Node[] {
  const depends = new Map<Value, boolean>()
  for (const target of targets) depends.set(target, true)
  const found = new Set<Node>()
  // Without recursion: graphs are as deep as training code is long.
  const stack: Value[] = [loss]
  while (stack.length > 0) {
    const value = stack.at(-1) as Value
    const node = value.producer
    // An updated variable is a new constant: no gradient flows back into the step that made it.
    if (depends.has(value) || node === undefined || (node.op as OpRow).gradient === 'update') {
      if (!depends.has(value)) depends.set(value, false)
      stack.pop()
      continue
    }
    const open = node.inputs.filter((input) => !depends.has(input))
    if (open.length > 0) {
      stack.push(...open)
      continue
    }
    const does = node.inputs.some((input) => depends.get(input) === true)
    if (does) found.add(node)
    for (const output of node.outputs) if (!depends.has(output)) depends.set(output, does)
    stack.pop()
  }
  return [...found].sort((a, b) => a.id - b.id)
}
