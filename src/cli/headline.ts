import { decimal, percent } from './format.ts'
import type { TestReport } from './result.ts'

interface Headline {
  readonly value: string
  readonly what: string
}

/** The figure of a run that people look at first, and what it is. */
export function headline(test: TestReport): Headline {
  const { value, what } = figure(test)
  const held = { classes: `test ${what}`, number: `${what} on test rows`, text: `${what} on text that was held out` }
  return { value, what: held[test.kind] }
}

/** The same of rows that the user chose: nobody knows whether the network has seen them. */
export function figure(test: TestReport): Headline {
  switch (test.kind) {
    case 'classes':
      return { value: percent(test.accuracy), what: 'accuracy' }
    case 'number':
      return { value: r2Text(test.r2), what: 'R2' }
    case 'text':
      return { value: decimal(test.perCharacter), what: 'nats a character' }
  }
}

/** There is none of targets that are all alike. */
export const r2Text = (r2: number): string => (Number.isFinite(r2) ? decimal(r2) : '-')

/** All figures by their names, as JSON has them. */
export function figures(test: TestReport): Readonly<Record<string, number>> {
  switch (test.kind) {
    case 'classes':
      return { accuracy: test.accuracy, loss: test.loss }
    case 'number':
      return { rmse: test.rmse, mae: test.mae, r2: test.r2, loss: test.loss }
    case 'text':
      return { loss: test.loss, perplexity: test.perplexity, natsPerCharacter: test.perCharacter }
  }
}

/** The figures of rows that were held out: `testAccuracy` and the like, as JSON lines and model files call them. */
export const testFigures = (test: TestReport): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(figures(test)).map(([name, value]) => [
      `test${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      value,
    ]),
  )
