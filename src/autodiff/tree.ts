import { ArgumentError } from '../errors.ts'
import { Tensor } from '../ops/tensor.ts'

/** Something with named parameters: a module. */
export interface HasParameters {
  namedParameters(): Iterable<readonly [string, Tensor]>
}

/** Parameters as an array, a record, or a module. */
export type ParameterTree = readonly Tensor[] | Readonly<Record<string, Tensor>> | HasParameters

/** Gradients in the structure of their parameters: an array for an array, else a record by name. */
export type Gradients<P extends ParameterTree> = P extends readonly Tensor[]
  ? Tensor[]
  : P extends HasParameters
    ? Record<string, Tensor>
    : { [K in keyof P]: Tensor }

export interface Tree<P extends ParameterTree> {
  readonly names: readonly string[]
  readonly tensors: readonly Tensor[]
  /** Puts one tensor for each parameter into the structure. */
  rebuild(tensors: readonly Tensor[]): Gradients<P>
}

/** Names and tensors of parameters, in order. Throws ArgumentError for anything else. */
export function treeOf<P extends ParameterTree>(params: P, where = 'gradients'): Tree<P> {
  if (typeof params !== 'object' || params === null)
    throw new ArgumentError('not parameters', {
      where,
      expected: 'tensors in an array or a record, or a module',
      received: typeof params,
    })
  const list = Array.isArray(params)
  const entries: (readonly [string, Tensor])[] =
    typeof (params as Partial<HasParameters>).namedParameters === 'function'
      ? [...(params as HasParameters).namedParameters()]
      : Object.entries(params as Readonly<Record<string, Tensor>>)
  for (const [name, tensor] of entries)
    if (!(tensor instanceof Tensor))
      throw new ArgumentError('not a tensor', {
        where: `parameter ${name}`,
        expected: 'a Tensor',
        received: typeof tensor,
      })
  const names = entries.map(([name]) => name)
  return {
    names,
    tensors: entries.map(([, tensor]) => tensor),
    rebuild: (tensors) => (list ? [...tensors] : record(names, tensors)) as Gradients<P>,
  }
}

function record(names: readonly string[], tensors: readonly Tensor[]): Record<string, Tensor> {
  const result: Record<string, Tensor> = Object.create(null)
  for (const [i, name] of names.entries()) result[name] = tensors[i] as Tensor
  return result
}
