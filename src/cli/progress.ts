import { clock, decimal, integer } from './format.ts'
import { paint, type Terminal, widthOf } from './terminal.ts'

export interface Progress {
  readonly step: number
  readonly steps: number
  readonly epoch: number
  readonly epochs: number
  readonly loss: number
  readonly samplesPerSecond: number
  readonly secondsLeft: number
  /** Latest losses, for the sparkline. */
  readonly recent: readonly number[]
}

/** Losses that a sparkline shows. */
export const SPARKS = 16

/** One line that fits the terminal: bar, epoch, loss, rate, time left; the least important part goes first. */
export function progressLine(progress: Progress, terminal: Terminal): string {
  const { step, steps, epoch, epochs, loss, samplesPerSecond, secondsLeft, recent } = progress
  // Every part keeps its width, so that the bar keeps its own.
  const spark = terminal.unicode ? sparkline(recent).padEnd(SPARKS) : ''
  const total = integer(steps)
  const parts = [
    `${String(Math.floor((step / steps) * 100)).padStart(3)} %`,
    `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`,
    `loss ${paint(terminal, decimal(loss), 'bold')}`,
    `${integer(samplesPerSecond).padStart(7)} samples/s`,
    `${clock(secondsLeft)} left`,
    `step ${integer(step).padStart(total.length)}/${total}`,
    paint(terminal, spark, 'cyan'),
  ].filter((part) => part !== '')
  // The last column stays free: writing there wraps in some terminals.
  const room = terminal.columns - 1
  while (parts.length > 1 && widthOf(parts.join('  ')) > room - 10) parts.pop()
  const text = parts.join('  ')
  const width = Math.min(30, room - widthOf(text) - 2)
  return width < 6 ? text : ` ${bar(step / steps, width, terminal)} ${text}`
}

/** `width` columns, of which the part `done` is full; eighths of a column where the terminal can. */
export function bar(done: number, width: number, terminal: Pick<Terminal, 'unicode' | 'color'>): string {
  const part = Math.min(1, Math.max(0, done))
  if (!terminal.unicode) {
    const full = Math.floor(part * (width - 2))
    return `[${'#'.repeat(full)}${'.'.repeat(width - 2 - full)}]`
  }
  const halves = Math.floor(part * width * 2)
  const full = '━'.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '╸' : '')
  return paint(terminal, full, 'green') + paint(terminal, '━'.repeat(width - full.length), 'dim')
}

const BLOCKS = '▁▂▃▄▅▆▇█'

/** Small bars for a row of numbers, scaled to their own range. */
export function sparkline(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite)
  const low = Math.min(...finite)
  const span = Math.max(...finite) - low
  const block = (value: number): string => {
    if (!Number.isFinite(value)) return '?'
    const level = span > 0 ? Math.round(((value - low) / span) * (BLOCKS.length - 1)) : 0
    return BLOCKS[level] as string
  }
  return values.map(block).join('')
}

/** Redraws one line in place; other lines are printed above it. */
export class LiveLine {
  private shown = false
  private drawnAt = Number.NEGATIVE_INFINITY
  private readonly terminal: Terminal

  constructor(terminal: Terminal) {
    this.terminal = terminal
  }

  /** Draws at most 20 times a second: a terminal is slower than a training step. */
  update(now: number, line: () => string): void {
    if (now - this.drawnAt < 50) return
    this.drawnAt = now
    this.shown = true
    this.terminal.write(`\r${line()}\x1b[K`)
  }

  print(line: string): void {
    this.clear()
    this.terminal.write(`${line}\n`)
    this.drawnAt = Number.NEGATIVE_INFINITY
  }

  clear(): void {
    if (this.shown) this.terminal.write('\r\x1b[K')
    this.shown = false
  }
}
