// Flags whose values are names, each with something after a colon.
import type { CellKind } from '../data/cells.ts'
import { ArgumentError } from '../errors.ts'
import { closest } from '../options.ts'
import { type Option, shownText } from './options.ts'

const KINDS: readonly CellKind[] = ['number', 'category']

/** A name and what comes after its last colon. */
function pair(text: string): readonly [name: string, value: string | undefined] {
  const colon = text.lastIndexOf(':')
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)]
}

/** Such as `zip:category,age:number`. */
export function kinds(help: string): Option<readonly string[] | undefined> {
  const parse = (text: string, flag: string): readonly string[] =>
    text.split(',').map((item) => {
      const [name, kind] = pair(item)
      if (name !== '' && KINDS.some((known) => known === kind)) return item
      throw new ArgumentError('a bad value', {
        where: flag,
        expected: 'COLUMN:number or COLUMN:category, with commas between',
        received: shownText(item),
      })
    })
  return { help, value: 'COLUMN:KIND,...', fallback: undefined, parse }
}

/** What `kinds` read, by column. */
export function kindsOf(list: readonly string[]): Readonly<Record<string, CellKind>> {
  return Object.fromEntries(list.map(pair)) as Record<string, CellKind>
}

/** Changes of images: the most that each can be given, and what the amount is. */
export const CHANGES = { shift: 1000, flip: 0, rotate: 180, noise: 10 } as const
export type Change = keyof typeof CHANGES

/** Such as `shift:2,flip`. */
export function changes(help: string): Option<readonly string[] | undefined> {
  const names = Object.keys(CHANGES)
  const parse = (text: string, flag: string): readonly string[] =>
    text.split(',').map((item) => {
      const [name, amount] = pair(item)
      const most = Object.hasOwn(CHANGES, name) ? CHANGES[name as Change] : undefined
      const near = most === undefined ? closest(name, names) : undefined
      const fits = amount === undefined || (/^(\d+\.?\d*|\.\d+)$/.test(amount) && Number(amount) <= (most ?? 0))
      if (most !== undefined && fits && !(most === 0 && amount !== undefined)) return item
      throw new ArgumentError('a bad value', {
        where: flag,
        expected: 'some of shift[:PIXELS], flip, rotate[:DEGREES], noise[:DEVIATION], with commas between',
        received: shownText(item),
        ...(near !== undefined && { hint: `Did you mean '${near}'?` }),
      })
    })
  return { help, value: 'CHANGE,...', fallback: undefined, parse }
}

/** What `changes` read; without an amount it follows from the images. */
export const changesOf = (list: readonly string[]): (readonly [change: Change, amount: number | undefined])[] =>
  list.map((item) => {
    const [name, amount] = pair(item)
    return [name as Change, amount === undefined ? undefined : Number(amount)]
  })
