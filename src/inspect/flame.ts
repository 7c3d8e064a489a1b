import { known } from '../options.ts'
import type { Pass, Profile, ProfileEntry } from './profile.ts'

const WIDTH = 1120
const LEFT = 68
const RIGHT = 12
const LAYER_ROW = 16
const OP_ROW = 24
const GAP = 14
const AXIS = 26
/** Pixels of a letter. */
const LETTER = 6.5
/** Lines at which threads meet, before they are drawn thin. */
const MANY = 60
/** Narrower shares are drawn together. */
const THIN = 0.5

const STYLE = `.flame text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#686d76}
.flame .in{fill:#fff;pointer-events:none}.flame .over{fill:#33373d;pointer-events:none}.flame .grid{stroke:#8884;stroke-width:1}.flame .wait{stroke:#888;stroke-width:1;stroke-dasharray:2 3;opacity:.55}.flame .thin{opacity:.2}
.flame .forward{fill:#2f6fd0}.flame .backward{fill:#c2611f}.flame .update{fill:#2a8a5f}
.flame rect{stroke:#fff;stroke-width:.5}.flame .layer{opacity:.45;stroke:none}.flame rect:hover{opacity:.75}
@media (prefers-color-scheme:dark){.flame text{fill:#9aa0aa}.flame .in{fill:#fff}.flame .over{fill:#e8e9eb}.flame rect{stroke:#1d2025}
.flame .forward{fill:#3f78cf}.flame .backward{fill:#bb6a31}.flame .update{fill:#35906a}}`

export interface FlameOptions {
  /** What a screen reader says of the picture. */
  readonly label?: string
}

/** A block of the picture: entries of one name that follow each other. */
interface Block {
  readonly text: string
  readonly title: string
  readonly pass: Pass
  readonly from: number
  to: number
}

const safe = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
const round = (value: number): number => Math.round(value * 100) / 100

/** A time as text. */
export function timeText(ms: number): string {
  if (ms >= 1) return `${Number(ms.toPrecision(3))} ms`
  return ms >= 0.001 ? `${Number((ms * 1000).toPrecision(3))} us` : `${Math.round(ms * 1e6)} ns`
}

/**
 * A profile as an SVG picture: a band a thread, of the layers above and the operations below; dashed lines where the
 * threads meet. It brings its style and follows the reader's light or dark setting.
 */
export function flameChart(profile: Profile, options: FlameOptions = {}): string {
  const { label = 'Timeline of one step' } = known('flameChart', options, 'label')
  const { threads, ms, barriers } = profile
  const band = LAYER_ROW + OP_ROW + GAP
  const height = threads * band + AXIS
  const scale = ms > 0 ? (WIDTH - LEFT - RIGHT) / ms : 0
  const x = (time: number): number => round(LEFT + time * scale)
  const parts: string[] = []
  for (const time of ticksOf(ms)) {
    const at = x(time)
    parts.push(`<line class="grid" x1="${at}" x2="${at}" y1="0" y2="${height - AXIS + 4}"/>`)
    parts.push(`<text x="${at}" y="${height - 6}" text-anchor="middle">${time === 0 ? '0' : timeText(time)}</text>`)
  }
  for (let thread = 0; thread < threads; thread++) {
    const top = thread * band
    const own = profile.entries.filter((entry) => entry.thread === thread)
    parts.push(`<text x="0" y="${top + LAYER_ROW + 16}">thread ${thread}</text>`)
    for (const block of layersOf(own)) parts.push(draw(block, top, LAYER_ROW - 2, ' layer', scale))
    for (const block of operationsOf(own, scale)) parts.push(draw(block, top + LAYER_ROW, OP_ROW, '', scale))
  }
  const meetings = threads > 1 ? [...new Set(barriers.map(x))] : []
  // Many lines would hide what is between them.
  const wait = meetings.length > MANY ? 'wait thin' : 'wait'
  for (const time of meetings)
    parts.push(`<line class="${wait}" x1="${time}" x2="${time}" y1="0" y2="${height - AXIS}"/>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" class="flame" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${safe(label)}"><style>${STYLE}</style>${parts.join('\n')}</svg>`
}

function draw({ text, title, pass, from, to }: Block, y: number, height: number, kind: string, scale: number): string {
  const [left, width] = [round(LEFT + from * scale), round(Math.max(0.3, (to - from) * scale))]
  const letters = Math.floor((width - 6) / LETTER)
  // of a layer the path says more than the kind
  const [path = ''] = text.split(' (')
  const cut = letters > 3 ? `${text.slice(0, letters - 1)}…` : ''
  const shown = text.length <= letters ? text : path.length <= letters ? path : cut
  const middle = y + height / 2 + 4
  const inside =
    shown === ''
      ? ''
      : `<text class="${kind === '' ? 'in' : 'over'}" x="${round(left + 4)}" y="${middle}">${safe(shown)}</text>`
  return `<g><title>${safe(title)}</title><rect class="${pass}${kind}" x="${left}" y="${y}" width="${width}" height="${height}" rx="1.5"/>${inside}</g>`
}

/** Neighbours of one layer and pass together. */
function layersOf(entries: readonly ProfileEntry[]): Block[] {
  const blocks: Block[] = []
  let last: ProfileEntry | undefined
  for (const entry of entries) {
    const { layer, pass, start, ms } = entry
    const follows = last?.layer === layer && last?.pass === pass && start <= last.start + last.ms + 1e-9
    const open = follows ? blocks.at(-1) : undefined
    last = entry
    if (layer === undefined || layer === '') continue
    if (open === undefined) blocks.push({ text: layer, title: `${layer}, ${pass}`, pass, from: start, to: start + ms })
    else open.to = start + ms
  }
  return blocks
}

function operationsOf(entries: readonly ProfileEntry[], scale: number): Block[] {
  const blocks: Block[] = []
  let few: ProfileEntry[] = []
  const flush = (): void => {
    const [first, last] = [few[0], few.at(-1)]
    if (first === undefined || last === undefined) return
    const title =
      few.length === 1
        ? titleOf(first)
        : `${few.length} operations: ${[...new Set(few.map(({ op }) => op))].join(', ')}`
    blocks.push({ text: '', title, pass: first.pass, from: first.start, to: last.start + last.ms })
    few = []
  }
  for (const entry of entries) {
    const { start, ms, op, pass } = entry
    const before = few.at(-1)
    if (before !== undefined && (before.pass !== pass || start > before.start + before.ms + 1e-9)) flush()
    if (ms * scale < THIN) {
      few.push(entry)
      if ((start + ms - (few[0] as ProfileEntry).start) * scale > 3 * THIN) flush()
      continue
    }
    flush()
    blocks.push({ text: op, title: titleOf(entry), pass, from: start, to: start + ms })
  }
  flush()
  return blocks
}

function titleOf({ instruction, op, kernel, shapes, layer, pass, ms }: ProfileEntry): string {
  const where = layer === undefined || layer === '' ? pass : `${layer}, ${pass}`
  const results = shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')
  return `${op} ${results}: ${timeText(ms)}\n${where}; instruction ${instruction}, kernel ${kernel}`
}

/** Four to ten round times from 0. */
function ticksOf(ms: number): number[] {
  let step = 1e-6
  while (step * 100 <= ms) step *= 10
  step *= [1, 2, 5, 10].find((times) => times * step * 10 >= ms) ?? 10
  return Array.from({ length: ms > 0 ? Math.floor(ms / step + 1e-9) + 1 : 1 }, (_, i) => i * step)
}
