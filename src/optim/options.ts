import { ArgumentError } from '../errors.ts'

/** Options that must be finite and at least 0. */
export function nonNegative(where: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options))
    if (!(Number.isFinite(value) && value >= 0))
      throw new ArgumentError(`${name} is out of range`, {
        where,
        expected: 'a finite number of at least 0',
        received: String(value),
      })
}

/** Options that must be in [0, 1). */
export function fraction(where: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options))
    if (!(value >= 0 && value < 1))
      throw new ArgumentError(`${name} is out of range`, { where, expected: '0 <= x < 1', received: String(value) })
}

/** Options that must be finite and above 0. */
export function positive(where: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options))
    if (!(Number.isFinite(value) && value > 0))
      throw new ArgumentError(`${name} is out of range`, {
        where,
        expected: 'a finite number above 0',
        received: String(value),
      })
}
