import { ArgumentError, GradientError, ShapeError } from '../errors.ts'
import { checkTensor } from '../ops/apply.ts'
import { tensor, zeros } from '../ops/create.ts'
import type { Operands } from '../ops/custom.ts'
import { reshape, stack } from '../ops/shape.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Engine } from '../program/engine.ts'
import { scoped } from '../tensor/scope.ts'
import { shapeText } from '../tensor/shape.ts'
import { backward } from './gradients.ts'

// Products with the Jacobian J = dy/dx of a function y = f(x), without the Jacobian itself.

/**
 * y = f(..inputs) and dy^T J: the gradients for the inputs of the sum of dy times y, one backward pass. `dy` has the
 * shape of y; left out, it is 1 (for a y of one element).
 */
export function vjp<A extends Operands>(
  f: (...inputs: A) => Tensor,
  inputs: A,
  dy?: Tensor,
): { value: Tensor; grads: { -readonly [K in keyof A]: Tensor } } {
  return taped('vjp', f, inputs, () => {
    const value = checkTensor(f(...inputs), 'vjp')
    if (dy !== undefined) checkShapeOf('vjp, dy', dy, value)
    const grads = backward(value, statesOf(inputs), dy)
    return { value, grads: grads as { -readonly [K in keyof A]: Tensor } }
  })
}

/**
 * y = f(..inputs) and J v: how y changes along `tangents`, one for each input and of its shape. Two backward passes: the
 * product dy^T J is linear in dy, and its derivative by dy along v is J v. Needs second derivatives of the ops in f.
 */
export function jvp<A extends Operands>(
  f: (...inputs: A) => Tensor,
  inputs: A,
  tangents: { readonly [K in keyof A]: Tensor },
): { value: Tensor; tangent: Tensor } {
  return taped('jvp', f, inputs, (engine) => {
    const along = tangents as unknown as Operands
    if (!Array.isArray(tangents) || along.length !== inputs.length)
      throw new ArgumentError('not one tangent for each input', {
        where: 'jvp',
        expected: String(inputs.length),
        received: Array.isArray(tangents) ? String(along.length) : typeof tangents,
      })
    for (const [i, v] of along.entries()) checkShapeOf(`jvp, tangent ${i}`, v, inputs[i] as Tensor)
    const value = checkTensor(f(...inputs), 'jvp')
    const dy = zeros(value.shape, { engine })
    const parts = backward(value, statesOf(inputs), dy).map((product, i) => slope(product, dy, along[i] as Tensor))
    const [first, ...rest] = parts as [Tensor, ...Tensor[]]
    return { value, tangent: rest.reduce((sum, part) => sum.add(part), first) }
  })
}

/**
 * The second derivatives d2y / dx_i dx_j of a scalar function, shape [..x, ..x]: one backward pass for every element of
 * x, for small functions. Needs second derivatives of the ops in f.
 */
export function hessian(f: (x: Tensor) => Tensor, x: Tensor): Tensor {
  return taped('hessian', f, [x], (engine) => {
    if (x.size === 0)
      throw new GradientError('there is nothing to differentiate by', {
        where: 'hessian',
        received: shapeText(x.shape),
      })
    const [gradient] = backward(checkTensor(f(x), 'hessian'), [x.state]) as [Tensor]
    const rows = Array.from({ length: x.size }, (_, i) => {
      const seed = new Float32Array(x.size)
      seed[i] = 1
      return slope(gradient, x, tensor(seed, x.shape, { engine }))
    })
    return reshape(stack(rows), [...x.shape, ...x.shape])
  })
}

/** Gradient of the sum of `weights` times y for x; zero where y does not depend on x. */
function slope(y: Tensor, x: Tensor, weights: Tensor): Tensor {
  // A gradient that is constant has no history.
  if (y.state !== x.state && y.state.producer === undefined) return zeros(x.shape, { engine: x.engine })
  return backward(y, [x.state], weights)[0] as Tensor
}

const statesOf = (inputs: Operands): Tensor['state'][] => inputs.map((x) => x.state)

function taped<T>(where: string, f: unknown, inputs: Operands, run: (engine: Engine) => T): T {
  if (typeof f !== 'function') throw new ArgumentError('not a function', { where, received: typeof f })
  if (!Array.isArray(inputs) || inputs.length === 0)
    throw new ArgumentError('the inputs are an array of tensors', {
      where,
      expected: 'one tensor or more',
      received: Array.isArray(inputs) ? 'none' : typeof inputs,
    })
  for (const x of inputs as Operands)
    if (checkTensor(x, where).dtype !== 'float32')
      throw new GradientError('an input is not float32', { where, expected: 'float32', received: x.dtype })
  const { engine } = inputs[0] as Tensor
  const tape = engine.startTape()
  try {
    return scoped(engine, () => run(engine))
  } finally {
    engine.stopTape(tape)
  }
}

function checkShapeOf(where: string, given: Tensor, like: Tensor): void {
  checkTensor(given, where)
  if (String(given.shape) !== String(like.shape))
    throw new ShapeError('the shapes differ', {
      where,
      expected: shapeText(like.shape),
      received: shapeText(given.shape),
    })
}
