import { DataError } from '../errors.ts'
import { known } from '../options.ts'
import { type ByteSource, nameOf, textOf } from './bytes.ts'
import { type JsonObject, parseJson } from './json.ts'

export interface JsonLinesOptions {
  /** Longest line, in characters. Default 16 MiB. */
  maxLine?: number | undefined
  /** What errors call the file. Default: the name of the source, if it has one. */
  name?: string | undefined
}

/**
 * The objects of a JSON Lines file (one a line, UTF-8; empty lines are left out), one after the other, whatever its size.
 * Objects have no prototype, so any key is a key and nothing else. A line that is not one object, a key twice and a number
 * that no double holds are errors that name line and character. `data.tableOf` makes a table of them.
 */
export async function* jsonLines(
  source: ByteSource,
  options: JsonLinesOptions = {},
): AsyncGenerator<JsonObject, void, undefined> {
  const { name = nameOf(source, 'JSON Lines data'), maxLine = 2 ** 24 } = known(
    'data.jsonLines',
    options,
    'maxLine name',
  )
  let line = 0
  let rest = ''
  const check = (text: string): void => {
    if (text.length > maxLine)
      throw new DataError('a line is too long', {
        where: `${name}: line ${line + 1}`,
        expected: `at most ${maxLine} characters (maxLine)`,
      })
  }
  const read = (text: string): JsonObject | undefined => {
    check(text)
    line++
    if (/^[ \t\r]*$/.test(text)) return undefined
    const value = parseJson(text, `${name}: line ${line}`)
    if (typeof value === 'object' && value !== null && !isList(value)) return value
    throw new DataError('a line that is no object', { where: `${name}: line ${line}`, received: text.slice(0, 20) })
  }
  for await (const text of textOf(source, name)) {
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const object = read(rest + text.slice(start, end))
      rest = ''
      start = end + 1
      if (object !== undefined) yield object
    }
    rest += text.slice(start)
    check(rest)
  }
  const object = read(rest)
  if (object !== undefined) yield object
}

const isList = (value: object): value is readonly unknown[] => Array.isArray(value)
