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

/** Of a class: how many of those taken for it are it, and the harmonic mean of that and recall. */
export function precisionOf(confusion: Confusion, predicted: number): { precision: number; f1: number } {
  let taken = 0
  for (let actual = 0; actual < confusion.classes; actual++) taken += cell(confusion, actual, predicted)
  const hits = cell(confusion, predicted, predicted)
  const { total } = recallOf(confusion, predicted)
  return { precision: hits / taken, f1: (2 * hits) / (taken + total) }
}

/** Most columns of a class's name. */
const LONGEST = 24

const short = (name: string, most: number, { unicode }: Pick<Terminal, 'unicode'>): string => {
  const plain = name.replace(unicode ? /\p{C}/gu : /[^\x20-\x7e]/g, '?')
  return plain.length > most ? `${plain.slice(0, most - 1)}${unicode ? '…' : '.'}` : plain
}

/** The matrix as lines of text; where it would be wider than the terminal, the worst pairs instead. */
export function confusionTable(confusion: Confusion, names: readonly string[], terminal: Terminal): string[] {
  const { classes } = confusion
  const widest = Math.max(...Array.from(confusion.counts))
  const longest = names.reduce((most, name) => Math.max(most, name.length), 0)
  const label = Math.max(5, Math.min(longest, LONGEST) + 1)
  const width = Math.max(3, String(widest).length + 2, Math.min(longest, 12) + 2)
  const title = ` ${paint(terminal, 'Confusion matrix', 'bold')}${paint(terminal, '  rows: true class, columns: predicted', 'dim')}`
  if (label + 3 + width * classes + 8 > terminal.columns) return [title, ...pairLines(confusion, names, terminal)]
  const head = names.map((name) => `${short(name, width - 2, terminal)} `.padStart(width)).join('')
  const lines = [title, paint(terminal, `${' '.repeat(label + 1)}${head}    recall`, 'dim')]
  const most = missScale(confusion)
  for (let actual = 0; actual < classes; actual++) {
    const { total, recall } = recallOf(confusion, actual)
    let row = paint(terminal, short(names[actual] ?? '', label - 1, terminal).padStart(label), 'dim')
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

/** Precision, recall and F1 of each class. */
export function classTable(confusion: Confusion, names: readonly string[], terminal: Terminal): string[] {
  const label = names.reduce((most, name) => Math.max(most, Math.min(name.length, LONGEST)), 5)
  const head = ['precision', 'recall', 'F1', 'rows'].map((title) => title.padStart(11)).join('')
  const part = (value: number): string => (Number.isFinite(value) ? percent(value, 1) : '-').padStart(11)
  return [
    paint(terminal, ` ${'class'.padEnd(label)}${head}`, 'dim'),
    ...names.map((name, k) => {
      const { precision, f1 } = precisionOf(confusion, k)
      const { recall, total } = recallOf(confusion, k)
      const cells = `${part(precision)}${part(recall)}${part(f1)}${String(total).padStart(11)}`
      return ` ${short(name, LONGEST, terminal).padEnd(label)}${cells}`
    }),
  ]
}

function square(count: number, full: number, hit: boolean, width: number, terminal: Terminal): string {
  if (count === 0) return paint(terminal, (terminal.unicode ? '· ' : '. ').padStart(width), 'dim')
  const palette = hit ? HITS : MISSES
  const color = palette[Math.min(palette.length - 1, Math.ceil((count / full) * palette.length) - 1)] as number
  return shade(terminal, `${count} `.padStart(width), color, 231)
}

function pairLines(confusion: Confusion, names: readonly string[], terminal: Terminal): string[] {
  const pairs = worstPairs(confusion, 10)
  if (pairs.length === 0) return [' no mistakes']
  const arrow = terminal.unicode ? '→' : '->'
  const name = (k: number): string => short(names[k] ?? '', LONGEST, terminal)
  return pairs.map(({ actual, predicted, count }) => ` ${name(actual)} ${arrow} ${name(predicted)}: ${count}`)
}
