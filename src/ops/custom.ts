import { ArgumentError, GradientError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import type { Shape, Spec } from '../program/graph.ts'
import { scoped } from '../tensor/scope.ts'
import { shapeText } from '../tensor/shape.ts'
import { apply, checkTensor } from './apply.ts'
import { attr, type OpTable, defineOp as row } from './define.ts'
import type { Tensor } from './tensor.ts'

// A value that was computed in any way, with a gradient rule of its own in the place of the chain rule through it.

/** Tensors in a fixed number, such as [Tensor, Tensor]. */
export type Operands = readonly Tensor[]

/** What the gradient rule of a user's op sees. */
export interface BackwardContext<A extends Operands> {
  readonly inputs: A
  readonly output: Tensor
  /** Gradient of the loss for the output, of its shape. */
  readonly dy: Tensor
  /** Which inputs want a gradient. */
  readonly needs: readonly boolean[]
}

/** Gradients for the inputs, in their order; `undefined` is zero. */
export type Backward<A extends Operands> = (context: BackwardContext<A>) => {
  readonly [K in keyof A]: Tensor | undefined
}

type AnyBackward = (context: BackwardContext<Operands>) => readonly (Tensor | undefined)[]

export const customOps: OpTable<'custom'> = {
  custom: row({
    name: 'custom',
    doc: 'Input 0 as it is, with a gradient rule for the other inputs in the place of that of input 0.',
    formula: 'y = x',
    infer: ([y]) => [{ shape: y?.shape ?? [], dtype: y?.dtype ?? 'float32' } satisfies Spec],
    alias: () => 0,
    lower: () => undefined,
    key: (attrs) => String(attrs['name']),
    gradient({ dy, inputs: [, ...inputs], outputs: [output], attrs, needs }) {
      const rule = attr<AnyBackward | undefined>(attrs, 'rule')
      if (rule === undefined) return [dy]
      const results = rule({ inputs, output: output as Tensor, dy, needs: needs.slice(1) })
      return [undefined, ...checkResults(attr(attrs, 'name'), inputs, results)]
    },
  }),
}

function checkResults(
  name: string,
  inputs: Operands,
  results: readonly (Tensor | undefined)[],
): readonly (Tensor | undefined)[] {
  if (!Array.isArray(results) || results.length !== inputs.length)
    throw new GradientError('the gradient rule does not return a gradient for each input', {
      where: name,
      expected: `an array of ${inputs.length}, undefined for zero`,
      received: Array.isArray(results) ? `${results.length}` : typeof results,
    })
  for (const [i, dx] of (results as readonly (Tensor | undefined)[]).entries()) {
    if (dx === undefined) continue
    const x = inputs[i] as Tensor
    checkTensor(dx, `${name}, gradient of input ${i}`)
    if (String(dx.shape) !== String(x.shape))
      throw new ShapeError('the gradient has another shape than the input', {
        where: `${name}, gradient of input ${i}`,
        expected: shapeText(x.shape),
        received: shapeText(dx.shape),
      })
  }
  return results
}

/** y, whose gradient goes to `inputs` by `rule` and not back through what computed it. */
export function withGradient<A extends Operands>(name: string, y: Tensor, inputs: A, rule: Backward<A>): Tensor {
  return apply(customOps.custom, [y, ...inputs], { name, rule })
}

/** A user's op: what it computes, and its gradient rule. Both are written in ops. */
export interface UserOp<A extends Operands> {
  readonly forward: (...inputs: A) => Tensor
  readonly backward: Backward<A>
  /** false for a rule that is meant to differ from the derivative: it is not held against differences in development. */
  readonly check?: boolean
}

/**
 * An op with a gradient rule of one's own: y = forward(..inputs) whose gradient is what `backward` returns instead of
 * the chain rule through `forward`. For gradients that are cheaper or more exact than the composed ones, or that are
 * meant to differ (straight-through estimators, gradient reversal). `backward` is written in ops, so it can be
 * differentiated again. `checkOp` of chainrule/check holds it against differences; in development (the engine's option
 * `checkRules`) that happens once by itself, where the operands are small, and a difference is a warning.
 *
 * Throws ArgumentError for a definition that is none, GradientError when the rule does not return a gradient for each
 * input, ShapeError when one has another shape than its input.
 */
export function defineOp<A extends Operands>(name: string, definition: UserOp<A>): (...inputs: A) => Tensor {
  known('defineOp', definition as unknown as UserOp<Operands>, 'forward backward check')
  const { forward, backward, check = true } = definition
  if (typeof name !== 'string' || name === '')
    throw new ArgumentError('an op needs a name', { where: 'defineOp', expected: 'text', received: String(name) })
  for (const [part, f] of Object.entries({ forward, backward }))
    if (typeof f !== 'function')
      throw new ArgumentError(`${part} is not a function`, { where: name, received: typeof f })
  const applied = (rule: Backward<A>, ...inputs: A): Tensor => {
    const first = inputs[0]
    if (first === undefined) throw new ArgumentError('an op needs an input', { where: name, received: 'none' })
    for (const x of inputs) checkTensor(x, name)
    return scoped(first.engine, () =>
      withGradient(name, checkTensor(forward(...inputs), `${name}.forward`), inputs, rule),
    )
  }
  let due = check
  const watched: Backward<A> = (context) => {
    if (due && context.dy.engine.checksRules && isSmall(context.inputs)) {
      due = false
      const shapes = context.inputs.map(({ shape }) => shape)
      void examine(name, (...inputs) => applied(backward, ...(inputs as readonly Tensor[] as A)), shapes)
    }
    return backward(context)
  }
  return (...inputs) => applied(check ? watched : backward, ...inputs)
}

/** Elements of all operands for which differences cost next to nothing. */
const SMALL = 256

const isSmall = (inputs: Operands): boolean =>
  inputs.every(({ dtype }) => dtype === 'float32') && inputs.reduce((n, { size }) => n + size, 0) <= SMALL

/**
 * Holds a rule against differences in an engine of its own, later, and warns. The checker is loaded from its own file,
 * so that no bundle takes the f64 reference along: there, nothing is checked.
 */
async function examine(name: string, op: (...inputs: Operands) => Tensor, shapes: readonly Shape[]): Promise<void> {
  try {
    const here = import.meta.url
    const checker = here.replace(/ops\/custom\.(\w+)$/, 'check/rule.$1')
    if (checker === here) return
    const { faultOf }: typeof import('../check/rule.ts') = await import(/* @vite-ignore */ checker)
    const fault = await faultOf(op, shapes)
    if (fault !== undefined)
      console.warn(
        `chainrule: the gradient rule of '${name}' differs from central differences: ${fault}. checkOp of ` +
          'chainrule/check shows all of it; `check: false` in the definition says that it is meant to.',
      )
  } catch {
    // An op that does not take such operands is not checked, nor one in a bundle that knows no URL of its own.
  }
}
