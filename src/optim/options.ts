import { checkNumber } from '../tensor/shape.ts'

type Check = (where: string, options: Readonly<Record<string, number>>) => void

const within =
  (expected: string, fits: (value: number) => boolean): Check =>
  (where, options) => {
    for (const [name, value] of Object.entries(options)) checkNumber(value, `${where}.${name}`, expected, fits)
  }

/** Options that must be finite and at least 0. */
export const nonNegative: Check = within('a finite number from 0 up', (value) => value >= 0 && value < Infinity)

/** Options that must be in [0, 1). */
export const fraction: Check = within('a number from 0 to less than 1', (value) => value >= 0 && value < 1)

/** Options that must be finite and above 0. */
export const positive: Check = within('a finite number above 0', (value) => value > 0 && value < Infinity)
