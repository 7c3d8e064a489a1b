import { decimal, percent } from './format.ts'
import type { TestReport } from './result.ts'

/** The figure of a run that people look at first, and what it is. */
export function headline(test: TestReport): { readonly value: string; readonly what: string } {
  switch (test.kind) {
    case 'classes':
      return { value: percent(test.accuracy), what: 'test accuracy' }
    case 'number':
      return { value: r2Text(test.r2), what: 'R2 on test rows' }
    case 'text':
      return { value: decimal(test.perCharacter), what: 'nats a character on text that was held out' }
  }
}

/** There is none of targets that are all alike. */
export const r2Text = (r2: number): string => (Number.isFinite(r2) ? decimal(r2) : '-')

/** All figures of a test by their names, as JSON lines and model files call them. */
export function figures(test: TestReport): Readonly<Record<string, number>> {
  switch (test.kind) {
    case 'classes':
      return { testAccuracy: test.accuracy, testLoss: test.loss }
    case 'number':
      return { testRmse: test.rmse, testMae: test.mae, testR2: test.r2, testLoss: test.loss }
    case 'text':
      return { testLoss: test.loss, testPerplexity: test.perplexity, testNatsPerCharacter: test.perCharacter }
  }
}
