import { ArgumentError } from '../errors.ts'

/** Sizes of a layer by name: whole numbers of at least 1, or an error that names the one that is not. */
export function checkSizes(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(sizes))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ArgumentError(`${name} is not a size`, {
        where,
        expected: 'a whole number of at least 1',
        received: String(value),
      })
}
