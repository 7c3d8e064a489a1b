import { ArgumentError } from '../errors.ts'

/** One flag: how its text is read, and how the help shows it. */
export interface Option<T> {
  readonly help: string
  /** Stands for the value in the help; without it the flag is a switch. */
  readonly value?: string
  readonly shown?: string
  /** Short form, such as 'h'. */
  readonly short?: string
  /** Heading in the help. */
  readonly section?: string
  readonly fallback: T
  parse(text: string, flag: string): T
}

export type Options = Readonly<Record<string, Option<unknown>>>

interface Range {
  readonly min: number
  readonly max?: number
  /** `min` itself is refused. */
  readonly above?: boolean
  /** `max` itself is refused. */
  readonly below?: boolean
}

export function number<T>(
  range: Range,
  fallback: T,
  help: string,
  shown: string = String(fallback),
): Option<number | T> {
  const parse = (text: string, flag: string): number => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
    return inside(value, range, text, flag, 'a number')
  }
  return { help, value: 'N', shown, fallback, parse }
}

export function integer<T>(
  range: Range,
  fallback: T,
  help: string,
  shown: string = String(fallback),
): Option<number | T> {
  const parse = (text: string, flag: string): number => whole(text, range, flag)
  return { help, value: 'N', shown, fallback, parse }
}

function whole(text: string, range: Range, flag: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return inside(Number.isSafeInteger(value) ? value : Number.NaN, range, text, flag, 'a whole number')
}

function inside(value: number, { min, max, above, below }: Range, text: string, flag: string, what: string): number {
  const inRange = (above ? value > min : value >= min) && (max === undefined || (below ? value < max : value <= max))
  if (inRange && Number.isFinite(value)) return value
  const from = above ? `above ${min}` : `from ${min}`
  const to = max === undefined ? (above ? '' : ' up') : below ? ` and below ${max}` : ` to ${max}`
  throw new ArgumentError('a bad value', { where: flag, expected: `${what} ${from}${to}`, received: shownText(text) })
}

export function choice<const V extends readonly string[], F extends V[number] | undefined>(
  values: V,
  fallback: F,
  help: string,
  shown: string = String(fallback),
): Option<V[number] | F> {
  const parse = (text: string, flag: string): V[number] => {
    const found = values.find((value) => value === text)
    if (found !== undefined) return found
    throw new ArgumentError('a bad value', { where: flag, expected: values.join(', '), received: shownText(text) })
  }
  return { help, value: values.join('|'), shown, fallback, parse }
}

/** Layer widths such as 128,64; 'none' for no hidden layer. */
export function widths<T extends readonly number[] | undefined>(
  fallback: T,
  help: string,
  shown: string = String(fallback),
): Option<readonly number[] | T> {
  const parse = (text: string, flag: string): readonly number[] => {
    if (text === 'none') return []
    const list = text.split(',')
    if (list.length > 64) throw new ArgumentError('too many layers', { where: flag, expected: 'at most 64' })
    return list.map((item) => whole(item, { min: 1, max: 1_000_000 }, flag))
  }
  return { help, value: 'N,N...', shown, fallback, parse }
}

export function autoOr(range: Range, help: string): Option<number | 'auto'> {
  const parse = (text: string, flag: string): number | 'auto' => (text === 'auto' ? 'auto' : whole(text, range, flag))
  return { help, value: 'N', shown: 'auto', fallback: 'auto', parse }
}

export function path<T extends string | undefined>(
  value: string,
  fallback: T,
  help: string,
  shown: string | undefined = fallback,
): Option<string | T> {
  const parse = (text: string, flag: string): string => {
    if (text !== '' && !text.includes('\0')) return text
    throw new ArgumentError('a bad value', { where: flag, expected: 'a path', received: shownText(text) })
  }
  return shown === undefined ? { help, value, fallback, parse } : { help, value, shown, fallback, parse }
}

/** Names such as 'conv2d,softmax'; without the flag undefined. */
export function names(value: string, help: string): Option<readonly string[] | undefined> {
  const parse = (text: string, flag: string): readonly string[] => {
    const list = text.split(',')
    if (list.every((name) => /^\w+$/.test(name))) return list
    throw new ArgumentError('a bad value', { where: flag, expected: 'names and commas', received: shownText(text) })
  }
  return { help, value, fallback: undefined, parse }
}

export function flag(help: string, short?: string): Option<boolean> {
  const option = { help, fallback: false, parse: () => true }
  return short === undefined ? option : { ...option, short }
}

/** Texts such as the names of columns; without the flag undefined. */
export function words(value: string, help: string): Option<readonly string[] | undefined> {
  const parse = (text: string, flag: string): readonly string[] => {
    const list = text.split(',')
    if (list.every((word) => word !== '')) return list
    throw new ArgumentError('a bad value', { where: flag, expected: 'names and commas', received: shownText(text) })
  }
  return { help, value, fallback: undefined, parse }
}

/** Any text, such as the name of a column. */
export function text<T extends string | undefined>(value: string, fallback: T, help: string): Option<string | T> {
  const option = { help, value, fallback, parse: (text: string): string => text }
  return fallback === undefined ? option : { ...option, shown: JSON.stringify(fallback) }
}

/** Options under a heading of the help. */
export function section<O extends Options>(title: string, options: O): O {
  const entries = Object.entries(options).map(([name, option]) => [name, { ...option, section: title }])
  return Object.fromEntries(entries) as O
}

export const HELP: { readonly help: Option<boolean> } = { help: flag('show this help', 'h') }

/** What the user typed, as errors show it. */
export function shownText(text: string): string {
  return text === '' ? 'an empty text' : `'${text.length > 60 ? `${text.slice(0, 60)}...` : text}'`
}
