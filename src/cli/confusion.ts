import type { Confusion } from '../train/index.ts'
import { percent } from './format.ts'
import { paint, shade, type Terminal } from './terminal.ts'

export function cell({ classes, counts }: Confusion, actual: number, predicted: number): number {
  return counts[actual * classes + predicted] as number
}

/** Samples of a class, and the part of them that was found. */
export function recallOf(confusion: Confusion, actual: number): { total: number; recall: number } {
  let total = 0
  for (let predicted = 0; predicted < confusion.classes; predicted++) total += cell(confusion, actual, predicted)
  return { total, recall: cell(confusion, actual, actual) / total }
}

/** The pairs most often confused, worst first. */
export function worstPairs(confusion: Confusion, most: number): { actual: number; predicted: number; count: number }[] {
  const pairs: { actual: number; predicted: number; count: number }[] = []
  for (let actual = 0; actual < confusion.classes; actual++) {
    for (let predicted = 0; predicted < confusion.classes; predicted++) {
      const count = cell(confusion, actual, predicted)
      if (actual !== predicted && count > 0) pairs.push({ actual, predicted, count })
    }
  }
  return pairs.sort((a, b) => b.count - a.count).slice(0, most)
}

/** The number of mistakes of a pair that is shown in the fullest color: a single one is no alarm. */
export function missScale(confusion: Confusion): number {
  return Math.max(4, ...worstPairs(confusion, 1).map(({ count }) => count))
}

// Greens for hits and reds for misses, pale to full, of the 256-color palette.
const HITS = [22, 22, 28]
const MISSES = [52, 88, 124, 160]

/** The matrix as lines of text; where it would be wider than the terminal, the worst pairs instead. */
export function confusionTable(confusion: Confusion, terminal: Terminal): string[] {
  const { classes } = confusion
  const widest = Math.max(...Array.from(confusion.counts), classes - 1)
  const width = Math.max(3, String(widest).length + 2)
  const title = ` ${paint(terminal, 'Confusion matrix', 'bold')}${paint(terminal, '  rows: true class, columns: predicted', 'dim')}`
  if (8 + width * classes + 8 > terminal.columns) return [title, ...pairLines(confusion, terminal)]
  const head = Array.from({ length: classes }, (_, k) => `${k} `.padStart(width)).join('')
  const lines = [title, paint(terminal, `      ${head}    recall`, 'dim')]
  const most = missScale(confusion)
  for (let actual = 0; actual < classes; actual++) {
    const { total, recall } = recallOf(confusion, actual)
    let row = paint(terminal, String(actual).padStart(5), 'dim')
    row += ' '
    for (let predicted = 0; predicted < classes; predicted++) {
      row += square(
        cell(confusion, actual, predicted),
        actual === predicted ? total : most,
        actual === predicted,
        width,
        terminal,
      )
    }
    lines.push(`${row}  ${total === 0 ? '       -' : percent(recall, 1).padStart(8)}`)
  }
  return lines
}

function square(count: number, full: number, hit: boolean, width: number, terminal: Terminal): string {
  if (count === 0) return paint(terminal, (terminal.unicode ? '· ' : '. ').padStart(width), 'dim')
  const palette = hit ? HITS : MISSES
  const color = palette[Math.min(palette.length - 1, Math.ceil((count / full) * palette.length) - 1)] as number
  return shade(terminal, `${count} `.padStart(width), color, 231)
}

function pairLines(confusion: Confusion, terminal: Terminal): string[] {
  const pairs = worstPairs(confusion, 10)
  if (pairs.length === 0) return [' no mistakes']
  const arrow = terminal.unicode ? '→' : '->'
  return pairs.map(({ actual, predicted, count }) => ` ${actual} ${arrow} ${predicted}: ${count}`)
}
