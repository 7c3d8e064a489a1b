import { readFileSync } from 'node:fs'
import { ArgumentError, DataError } from '../errors.ts'
import { reason } from '../io/read.ts'
import { closest } from '../options.ts'
import { type Option, type Options, shownText } from './options.ts'

const MOST_BYTES = 1_000_000

/** The settings of a configuration file: a JSON object whose keys are names of flags, without dashes in front. */
export function configEntries(path: string, options: Options): Map<string, unknown> {
  return readConfig(parseJson(path), options, path)
}

function parseJson(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new DataError(`cannot be read: ${reason(cause)}`, { where: path, cause })
  }
  if (text.length > MOST_BYTES)
    throw new DataError('too large for a configuration', { where: path, expected: `at most ${MOST_BYTES} characters` })
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DataError(`no JSON: ${why.slice(0, 200)}`, { where: path, cause })
  }
}

/** The same of an object: what a model file holds as its configuration. */
export function readConfig(json: unknown, options: Options, where: string): Map<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new DataError('no configuration', { where, expected: 'an object whose keys are flags', received: kind(json) })
  const settings = new Map<string, unknown>()
  for (const [key, value] of Object.entries(json)) {
    const option = Object.hasOwn(options, key) && key !== 'help' && key !== 'config' ? options[key] : undefined
    if (option === undefined) {
      const near = closest(key.replace(/^-+/, ''), Object.keys(options))
      throw new ArgumentError('unknown key', {
        where: `${where}: ${shownText(key)}`,
        hint: near === undefined ? 'Keys are the names of flags.' : `Did you mean '${near}'?`,
      })
    }
    const read = readValue(option, value, `${where}: ${key}`)
    if (read !== undefined) settings.set(key, read.value)
  }
  return settings
}

/** Undefined for a switch that is off. */
function readValue(option: Option<unknown>, value: unknown, where: string): { value: unknown } | undefined {
  const refuse = (expected: string): never => {
    throw new ArgumentError('a bad value', { where, expected, received: kind(value) })
  }
  if (option.value === undefined) {
    if (typeof value !== 'boolean') return refuse('true or false')
    return value ? { value: option.parse('', where) } : undefined
  }
  if (typeof value === 'string') return { value: option.parse(value, where) }
  if (typeof value === 'number') return { value: option.parse(String(value), where) }
  if (!Array.isArray(value)) return refuse(option.value)
  if (value.length === 0) return { value: option.parse('none', where) }
  if (!value.every((item) => typeof item === 'number' || typeof item === 'string')) return refuse(option.value)
  return { value: option.parse(value.join(','), where) }
}

function kind(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : JSON.stringify(value).slice(0, 80)
}
