import { cell, missScale, recallOf, worstPairs } from '../confusion.ts'
import { percent } from '../format.ts'
import { html, type Markup } from './html.ts'
import type { ConfusionCard } from './run-report.ts'

const MOST_CLASSES = 40

/** A confusion matrix as a table; of very many classes the pairs that are confused most. */
export function matrix({ classes, counts, names = [] }: ConfusionCard): Markup {
  const confusion = { classes, counts: Int32Array.from(counts) }
  const name = (k: number): string => names[k] ?? String(k)
  if (classes > MOST_CLASSES) {
    const rows = worstPairs(confusion, 30).map(
      ({ actual, predicted, count }) =>
        html`<tr><th>${name(actual)} taken for ${name(predicted)}</th><td>${count}</td></tr>`,
    )
    return html`<table class="facts">${rows}</table>`
  }
  const indices = Array.from({ length: classes }, (_, index) => index)
  const most = missScale(confusion)
  const rows = indices.map((actual) => {
    const { total, recall } = recallOf(confusion, actual)
    const cells = indices.map((predicted) => {
      const count = cell(confusion, actual, predicted)
      if (count === 0) return html`<td class="none">0</td>`
      const hit = actual === predicted
      const part = count / (hit ? total : most)
      const kind = `${hit ? 'hit' : 'miss'}${part > (hit ? 0.55 : 0.7) ? ' strong' : ''}`
      return html`<td class="${kind}" style="--a:${part.toFixed(2)}" title="${name(actual)} taken for ${name(predicted)}: ${count} of ${total}">${count}</td>`
    })
    return html`<tr><th>${name(actual)}</th>${cells}<td class="recall">${total === 0 ? '' : percent(recall, 1)}</td></tr>`
  })
  const head = html`<tr><th></th>${indices.map((k) => html`<th>${name(k)}</th>`)}<th class="recall">recall</th></tr>`
  return html`<div class="scroll"><table class="matrix${classes > 12 ? ' wide' : ''}"><colgroup><col span="${classes + 1}"><col class="last"></colgroup>${head}${rows}</table></div>`
}
