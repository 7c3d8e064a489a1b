import { ArgumentError, ShapeError } from '../errors.ts'
import { sizeOf } from '../program/graph.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTensor, checkType } from './apply.ts'
import * as f from './functions.ts'
import { matmul } from './matmul.ts'
import { sum } from './reduce.ts'
import { broadcastTo, reshape, slice, transpose } from './shape.ts'
import type { Tensor } from './tensor.ts'

// Composed: axes are moved by transpose and reshape, pairs of operands multiplied by matmul. Gradients follow.

/** A tensor whose axes have names: letters, and `.0`, `.1` .. for those of an ellipsis, counted from its end. */
interface Named {
  readonly x: Tensor
  readonly labels: readonly string[]
}

function malformed(message: string, expected: string, received: unknown): ArgumentError {
  return new ArgumentError(message, { where: 'einsum', expected, received: String(received) })
}

/** The labels of a term for a tensor of `rank` axes; `undefined`: the ellipsis takes as many as it takes. */
function labelsOf(term: string, ellipsis: number): string[] {
  const [before = '', after = '', more] = term.split('...')
  const letters = before + after
  if (more !== undefined || !/^[a-zA-Z]*$/.test(letters))
    throw malformed('the term is malformed', 'letters, and at most one ellipsis ...', `'${term}'`)
  const dots = term.includes('...') ? Array.from({ length: ellipsis }, (_, i) => `.${ellipsis - 1 - i}`) : []
  return [...before, ...dots, ...after]
}

function named(x: Tensor, term: string, position: number): Named {
  const letters = term.replace('...', '').length
  const open = term.includes('...')
  if (open ? letters > x.rank : letters !== x.rank)
    throw new ShapeError('the term does not name the axes of its operand', {
      where: 'einsum',
      expected: `${open ? 'at least ' : ''}${letters} axes for '${term}'`,
      received: `${shapeText(x.shape)} as operand ${position + 1}`,
    })
  return { x, labels: labelsOf(term, x.rank - letters) }
}

const others = (labels: readonly string[], gone: readonly string[]): string[] => labels.filter((l) => !gone.includes(l))

/** Axes of one name become one: the diagonal. */
function diagonal({ x, labels }: Named): Named {
  const twice = labels.find((label, i) => labels.indexOf(label) < i)
  if (twice === undefined) return { x, labels }
  const [i, j] = labels.flatMap((label, at) => (label === twice ? [at] : [])) as [number, number]
  const rest = labels.flatMap((_, at) => (at === i || at === j ? [] : [at]))
  const moved = transpose(x, [...rest, i, j])
  const n = x.shape[i] as number
  const lead = moved.shape.slice(0, -2)
  const steps = [...lead.map(() => 1), n + 1]
  const y = slice(reshape(moved, [...lead, n * n]), [], [], steps)
  return diagonal({ x: y, labels: [...rest.map((at) => labels[at] as string), twice] })
}

function sumOut({ x, labels }: Named, keep: ReadonlySet<string>): Named {
  const gone = labels.flatMap((label, i) => (keep.has(label) ? [] : [i]))
  return gone.length === 0 ? { x, labels } : { x: sum(x, gone), labels: labels.filter((label) => keep.has(label)) }
}

function ordered({ x, labels }: Named, order: readonly string[]): Tensor {
  return labels.every((label, i) => label === order[i])
    ? x
    : transpose(
        x,
        order.map((label) => labels.indexOf(label)),
      )
}

const sizeAt = ({ x, labels }: Named, label: string): number => x.shape[labels.indexOf(label)] as number

/** Axes that both have, stretched to one size: only those of an ellipsis may differ. */
function stretched(a: Named, b: Named): Named {
  const shape = a.x.shape.map((n, i) => {
    const label = a.labels[i] as string
    return n === 1 && b.labels.includes(label) ? sizeAt(b, label) : n
  })
  return { x: broadcastTo(a.x, shape), labels: a.labels }
}

/** The product of two, summed over what is not kept. */
function contract(left: Named, right: Named, keep: ReadonlySet<string>): Named {
  const summedLeft = sumOut(left, new Set([...keep, ...right.labels]))
  const summedRight = sumOut(right, new Set([...keep, ...left.labels]))
  const a = stretched(summedLeft, summedRight)
  const b = stretched(summedRight, a)
  const shared = a.labels.filter((label) => b.labels.includes(label))
  const batch = shared.filter((label) => keep.has(label))
  const gone = others(shared, batch)
  const [freeA, freeB] = [others(a.labels, shared), others(b.labels, shared)]
  const sizes = (from: Named, labels: readonly string[]): number[] => labels.map((label) => sizeAt(from, label))
  const lead = batch.length === 0 ? [] : [sizeOf(sizes(a, batch))]
  const [m, n, k] = [sizeOf(sizes(a, freeA)), sizeOf(sizes(b, freeB)), sizeOf(sizes(a, gone))]
  const shape = [...sizes(a, batch), ...sizes(a, freeA), ...sizes(b, freeB)]
  const labels = [...batch, ...freeA, ...freeB]
  if (gone.length === 0) {
    const p = reshape(ordered(a, [...batch, ...freeA]), [...lead, m, 1])
    const q = reshape(ordered(b, [...batch, ...freeB]), [...lead, 1, n])
    return { x: reshape(f.mul(p, q), shape), labels }
  }
  // an operand that has its axes in the other order is read transposed, not moved
  const same = (from: Named, order: readonly string[]): boolean => from.labels.every((label, i) => label === order[i])
  const transposeA = same(a, [...batch, ...gone, ...freeA])
  const transposeB = same(b, [...batch, ...freeB, ...gone])
  const p = transposeA
    ? reshape(a.x, [...lead, k, m])
    : reshape(ordered(a, [...batch, ...freeA, ...gone]), [...lead, m, k])
  const q = transposeB
    ? reshape(b.x, [...lead, n, k])
    : reshape(ordered(b, [...batch, ...gone, ...freeB]), [...lead, k, n])
  return { x: reshape(matmul(p, q, { transposeA, transposeB }), shape), labels }
}

/** Named axes have one size each; those of ellipses broadcast. */
function checkSizes(operands: readonly Named[]): void {
  const sizes = new Map<string, number>()
  for (const { x, labels } of operands)
    for (const [i, label] of labels.entries()) {
      const [size, before] = [x.shape[i] as number, sizes.get(label)]
      const free = label.startsWith('.')
      if (before !== undefined && before !== size && !(free && (before === 1 || size === 1)))
        throw new ShapeError('an axis has two sizes', {
          where: 'einsum',
          expected: `size ${before} for ${free ? 'an axis of the ellipsis' : `'${label}'`}`,
          received: `${size} in ${shapeText(x.shape)}`,
        })
      if (before === undefined || before === 1) sizes.set(label, size)
    }
}

/** Labels of the result: as written, or those of the ellipses and every letter that occurs once, in order. */
function resultLabels(output: string | undefined, operands: readonly Named[], equation: string): readonly string[] {
  const all = operands.flatMap(({ labels }) => labels)
  const dots = all.filter((label) => label.startsWith('.')).map((label) => Number(label.slice(1)) + 1)
  const ellipsis = Math.max(0, ...dots)
  if (output === undefined) {
    const once = all.filter((label) => !label.startsWith('.') && all.indexOf(label) === all.lastIndexOf(label))
    return [...labelsOf('...', ellipsis), ...once.sort()]
  }
  const labels = labelsOf(output, ellipsis)
  if (new Set(labels).size !== labels.length)
    throw malformed('the result names an axis twice', 'each letter once behind ->', `'${equation}'`)
  const unknown = labels.find((label) => !all.includes(label))
  if (unknown !== undefined)
    throw malformed('the result names an axis that no operand has', `one of ${[...new Set(all)].join(' ')}`, unknown)
  return labels
}

/**
 * Sum of products in Einstein's notation: `einsum('bij,bjk->bik', a, b)`. A letter names an axis; letters that are not
 * behind the arrow are summed over, a letter twice in one term takes the diagonal, `...` stands for axes that broadcast.
 * Without an arrow the result has the letters that occur once, in alphabetical order, behind the axes of `...`.
 * Operands are multiplied from left to right.
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  if (typeof equation !== 'string') throw malformed('no equation', "a string, as 'ij,jk->ik'", equation)
  const [input = '', output, more] = equation.replaceAll(' ', '').split('->')
  const terms = input.split(',')
  if (more !== undefined) throw malformed('the equation is malformed', 'at most one ->', `'${equation}'`)
  if (operands.length !== terms.length)
    throw malformed(
      'the number of operands does not fit',
      `${terms.length} for '${equation}'`,
      `${operands.length} operands`,
    )
  for (const [i, x] of operands.entries())
    checkType('einsum', { shape: x?.shape, dtype: checkTensor(x, 'einsum').dtype }, i + 1, 'float32')
  const all = operands.map((x, i) => named(x, terms[i] as string, i))
  checkSizes(all)
  const result = resultLabels(output, all, equation)
  const singles = all.map(diagonal)
  const product = singles.slice(1).reduce<Named>((left, right, i) => {
    const later = singles.slice(i + 2).flatMap(({ labels }) => labels)
    return contract(left, right, new Set([...result, ...later]))
  }, singles[0] as Named)
  const y = ordered(sumOut(product, new Set(result)), result)
  return operands.includes(y) ? y.alias() : y
}

/** Inner product of two vectors. */
export function dot(a: Tensor, b: Tensor): Tensor {
  for (const operand of [a, b]) checkTensor(operand, 'dot')
  if (a.rank !== 1 || b.rank !== 1 || a.size !== b.size)
    throw new ShapeError('not two vectors of one length', {
      where: 'dot',
      expected: '[n] and [n]',
      received: `${shapeText(a.shape)} and ${shapeText(b.shape)}`,
    })
  return matmul(a, b)
}
