import type { JsonReader } from '../../data/fitted.ts'

const MOST = 10_000_000

/** Members that say how a network is built. */
export function sizes(json: JsonReader): number[] {
  return json.list().map((item) => item.whole(1, MOST))
}

export function oneOf<T extends string>(json: JsonReader, values: readonly T[]): T {
  return values.find((value) => value === json.value) ?? json.fail(values.join(', '))
}

export function dropoutOf(json: JsonReader): number {
  const p = json.get('dropout')
  return p.number() >= 0 && p.number() < 1 ? p.number() : p.fail('a number from 0 and below 1')
}
