import { checkNumber } from '../tensor/shape.ts'

/** Sizes of a layer by name: whole numbers of at least 1, or an error that names the one that is not. */
export function checkSizes(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(sizes))
    checkNumber(value, `${where}.${name}`, 'a whole number of at least 1', (n) => Number.isSafeInteger(n) && n > 0)
}
