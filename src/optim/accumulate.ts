import { valueAndGrad } from '../autodiff/gradients.ts'
import type { Gradients, ParameterTree } from '../autodiff/tree.ts'
import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'
import { scoped } from '../tensor/scope.ts'

/**
 * Loss and gradients of a batch that is too large for the memory, in `parts` parts one after the other: the means of
 * loss(0), loss(1), .. and of their gradients. One captured step holds them all and only the memory of one. For
 * losses that are means, parts of equal size give what the whole batch would (but for the order of additions).
 */
export function accumulate<P extends ParameterTree>(
  parts: number,
  loss: (part: number) => Tensor,
  params: P,
): { value: Tensor; grads: Gradients<P> } {
  if (!Number.isInteger(parts) || parts < 1)
    throw new ArgumentError('not a number of parts', {
      where: 'optim.accumulate',
      expected: 'a whole number from 1 up',
      received: String(parts),
    })
  let sum = valueAndGrad(() => loss(0), params)
  for (let part = 1; part < parts; part++) {
    const next = valueAndGrad(() => loss(part), params)
    sum = {
      value: replaced(sum.value, next.value, (a, b) => a.add(b)),
      grads: zip(sum.grads, next.grads, (a, b) => replaced(a, b, (x, y) => x.add(y))),
    }
  }
  const mean = (x: Tensor): Tensor => replaced(x, x, (total) => total.mul(1 / parts))
  return parts === 1 ? sum : { value: mean(sum.value), grads: zip(sum.grads, sum.grads, mean) }
}

/** f of both, which are then let go. */
function replaced(a: Tensor, b: Tensor, f: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const result = scoped(a.engine, () => f(a, b))
  a.dispose()
  b.dispose()
  return result
}

function zip<P extends ParameterTree>(
  a: Gradients<P>,
  b: Gradients<P>,
  f: (a: Tensor, b: Tensor) => Tensor,
): Gradients<P> {
  const other = b as Record<string, Tensor>
  const entries = Object.entries(a as Record<string, Tensor>).map(([name, x]) => [name, f(x, other[name] as Tensor)])
  return (Array.isArray(a) ? entries.map(([, x]) => x) : Object.fromEntries(entries)) as Gradients<P>
}
