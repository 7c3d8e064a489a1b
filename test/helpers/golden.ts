import { fileURLToPath } from 'node:url'
import { compare, type GoldenCase, type GoldenTensor, loadSuite, type Suite } from '../golden/tools/gold.mjs'

export { compare, type GoldenCase, type GoldenTensor }

export interface Numbers {
  readonly shape: readonly number[]
  readonly data: ArrayLike<number>
}

/** What an implementation gave for a case; undefined parts were not asked for. */
export interface Result {
  readonly outputs?: Readonly<Record<string, Numbers>>
  readonly grads?: Readonly<Record<string, Numbers>>
  readonly loss?: readonly number[]
  readonly lrs?: readonly number[]
}

export function suite(name: string): Suite {
  return loadSuite(fileURLToPath(new URL(`../golden/torch/${name}.json`, import.meta.url)))
}

/** The tensors of a case, by name. */
export function tensors(
  from: Suite,
  refs: readonly { readonly name: string }[] | undefined,
): Record<string, GoldenTensor> {
  return Object.fromEntries((refs ?? []).map((ref) => [ref.name, from.tensor(ref as GoldenTensor)]))
}

/** Every difference beyond the tolerance that the README of the golden cases states. */
export function differences(from: Suite, c: GoldenCase, result: Result): string[] {
  const found: string[] = []
  const check = (kind: string, wanted: Record<string, GoldenTensor>, got: Result['outputs']): void => {
    for (const [name, want] of Object.entries(wanted)) {
      const difference = compare(got?.[name], want, c.op === 'training_curve' ? weightTolerance(c, want) : {})
      if (difference !== null) found.push(`${c.id}: ${kind} ${name}: ${difference}`)
    }
  }
  check('output', tensors(from, c.outputs), result.outputs)
  check('gradient', tensors(from, c.grads), result.grads)
  const lossLimit = Math.max(1e-5, 10 * (c.t32_max_rel ?? 0))
  c.loss?.forEach((want, i) => {
    const got = result.loss?.[i] ?? Number.NaN
    if (!(Math.abs(got - want) <= lossLimit * Math.abs(want))) found.push(`${c.id}: loss ${i}: got ${got} want ${want}`)
  })
  c.lrs?.forEach((want, i) => {
    const got = result.lrs?.[i] ?? Number.NaN
    if (!(Math.abs(got - want) <= 1e-9 + 1e-6 * want)) found.push(`${c.id}: rate ${i}: got ${got} want ${want}`)
  })
  return found
}

/** A weight whose true gradient is zero is rounding noise under Adam: only the length of its walk is bounded. */
function weightTolerance(c: GoldenCase, want: GoldenTensor): { rtol: number; atol: number } {
  const t32 = want.t32 ?? 0
  const largest = Array.from(want.data as Float32Array).reduce((max, v) => Math.max(max, Math.abs(v)), 0)
  const noise = t32 > 1e-3 * largest
  const lr = c.optimizer?.['lr'] as number
  return { rtol: 1e-5, atol: noise ? 2 * (c.steps as number) * lr : Math.max(10 * t32, 1e-5) }
}
