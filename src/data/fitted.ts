// What is learnt from training data and stored with a model: a plain object with a kind and a version.
import { DataError } from '../errors.ts'

/** What every fitted preprocessing is as JSON. (A type, not an interface: `Json` of checkpoints takes it.) */
export type FittedJson = {
  readonly kind: string
  readonly version: number
}

/** Reads members of JSON that came from a file, and complains with their path. */
export class JsonReader {
  readonly value: unknown
  readonly path: string
  /** What is read, as errors call it. */
  readonly what: string
  constructor(value: unknown, path: string, what: string = 'preprocessing') {
    this.value = value
    this.path = path
    this.what = what
  }

  fail(expected: string): never {
    const { value } = this
    const received = Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value
    throw new DataError(`malformed ${this.what}`, {
      where: this.path,
      expected,
      received: typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value).slice(0, 80) : received,
    })
  }

  /** An own member of an object. */
  get(key: string): JsonReader {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.fail('an object')
    const member: unknown = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
    return new JsonReader(member, `${this.path}.${key}`, this.what)
  }

  list(): JsonReader[] {
    if (!Array.isArray(this.value)) return this.fail('a list')
    return this.value.map((item, i) => new JsonReader(item, `${this.path}[${i}]`, this.what))
  }

  string(): string {
    return typeof this.value === 'string' ? this.value : this.fail('a string')
  }

  number(): number {
    return typeof this.value === 'number' && Number.isFinite(this.value) ? this.value : this.fail('a finite number')
  }

  whole(least: number, most: number): number {
    const value = this.number()
    return Number.isInteger(value) && value >= least && value <= most
      ? value
      : this.fail(`a whole number from ${least} to ${most}`)
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.fail('true or false')
  }

  /** Strings, no two of them equal. */
  distinct(least: number): string[] {
    const strings = this.list().map((item) => item.string())
    if (strings.length < least || new Set(strings).size < strings.length)
      return this.fail(`at least ${least} strings, no two of them equal`)
    return strings
  }

  /** Checks the members that tell what this is. */
  header(kind: string, version: number): void {
    const found = this.get('kind')
    if (found.value !== kind) found.fail(JSON.stringify(kind))
    const number = this.get('version')
    if (number.value !== version) number.fail(`version ${version}`)
  }
}
