import { ArgumentError, CaptureError, DTypeError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import type { Elements, Engine } from '../program/engine.ts'
import type { Value } from '../program/graph.ts'
import { shapeText } from '../tensor/shape.ts'
import { apply, checkTensor } from './apply.ts'
import { clone } from './shape.ts'
import { Tensor } from './tensor.ts'
import { accept, updateOps } from './update.ts'

/** A tensor whose content changes: every update makes a new version, and readers see the newest. */
export class Variable extends Tensor {
  readonly name: string

  constructor(engine: Engine, value: Value, name = '') {
    super(engine, value)
    this.name = name
  }

  /** Overwrites the content with a tensor of the same shape and type. Inside a captured step this is part of the step. */
  assign(value: Tensor): void {
    checkTensor(value, this.name || 'assign')
    if (String(value.shape) !== String(this.shape))
      throw new ShapeError('the value does not fit the variable', {
        where: this.name || 'assign',
        expected: shapeText(this.shape),
        received: shapeText(value.shape),
      })
    if (value.dtype !== this.dtype)
      throw new DTypeError('the value does not fit the variable', {
        where: this.name || 'assign',
        expected: this.dtype,
        received: value.dtype,
      })
    accept([this], [apply(updateOps.assign, [this, value])])
  }

  /** Overwrites the content from JavaScript, at once. */
  set(data: ArrayLike<number>): void {
    this.write(data, this.name || 'set()')
  }

  /** Points at a newer version; for ops that update. */
  accept(version: Tensor): void {
    this.engine.assign(this, version.state)
  }
}

/** A variable that is trained: what `gradients` differentiates by and optimizers update. */
export class Parameter extends Variable {
  /** False while it is frozen: modules then leave it out of what is trained. */
  trainable = true
}

export interface VariableOptions {
  readonly name?: string
}

function make<T extends Variable>(
  type: new (engine: Engine, value: Value, name?: string) => T,
  initial: Tensor,
  options: VariableOptions,
): T {
  const { name = '' } = known('variable', options, 'name')
  if (!(initial instanceof Tensor))
    throw new ArgumentError('a variable starts from a tensor', {
      where: name || type.name,
      received: typeof initial,
      hint: 'Wrap it: tensor(data).',
    })
  if (initial.engine.isCapturing)
    throw new CaptureError('a variable was created inside the captured function', {
      where: name || type.name,
      hint: 'Create models, optimizers and variables before capture().',
    })
  const copy = clone(initial)
  const made = new type(initial.engine, copy.state, name)
  // Variables outlive the scope they are made in.
  for (const scope of initial.engine.scopes) scope.delete(made)
  copy.dispose()
  return made
}

/** A variable with the content of a tensor; it lives until it is disposed of, whatever scope it is made in. */
export const variable = (initial: Tensor, options: VariableOptions = {}): Variable => make(Variable, initial, options)

/** A trained variable with the content of a tensor. */
export const parameter = (initial: Tensor, options: VariableOptions = {}): Parameter =>
  make(Parameter, initial, options)

/** The elements of a variable in engine memory: read-only, live, valid until the memory grows. */
export function view(variable: Variable): Elements {
  variable.engine.flush()
  return variable.engine.elements(variable.use('view'))
}
