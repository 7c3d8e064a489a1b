import type { Json } from './checkpoint.ts'

// JSON that keeps what JSON has no word for: NaN, infinities, -0 and typed arrays, as objects with the single key "$".

const arrays = { Int32Array, Float32Array, Float64Array } as const
const words: readonly string[] = ['NaN', 'Infinity', '-Infinity', '-0']
type Kind = keyof typeof arrays

const kindOf = (value: unknown): Kind | undefined =>
  (Object.keys(arrays) as Kind[]).find((kind) => value instanceof arrays[kind])

function pack(value: unknown): Json {
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $: Object.is(value, -0) ? '-0' : String(value) }
  if (typeof value !== 'object' || value === null) return value as Json
  const kind = kindOf(value)
  if (kind !== undefined) return { $: [kind, ...Array.from(value as Float32Array, pack)] }
  if (Array.isArray(value)) return value.map(pack)
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => [key, pack(inner)] as const)
  return entries.some(([key]) => key === '$') ? { $: { entries } as unknown as Json } : Object.fromEntries(entries)
}

function unpack(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unpack)
  const entries = Object.entries(value as { readonly [key: string]: Json })
  const [first] = entries
  if (first !== undefined && first[0] === '$') return special(first[1])
  return Object.fromEntries(entries.map(([key, inner]) => [key, unpack(inner)]))
}

function special(of: Json): unknown {
  if (typeof of === 'string') {
    if (!words.includes(of)) throw new Error(`no number: ${of}`)
    return Number(of)
  }
  if (Array.isArray(of)) return arrays[of[0] as Kind].from(of.slice(1).map(unpack) as number[])
  const { entries } = of as unknown as { entries: [string, Json][] }
  return Object.fromEntries(entries.map(([key, inner]) => [key, unpack(inner)]))
}

export const toText = (value: unknown): string => JSON.stringify(pack(value))
/** Throws whatever it stumbles over. */
export const fromText = (text: string): unknown => unpack(JSON.parse(text) as Json)
