/** What a text is drawn for. */
export interface Terminal {
  readonly columns: number
  /** Lines can be drawn over: a terminal, not a file or pipe. */
  readonly live: boolean
  readonly color: boolean
  readonly unicode: boolean
  write(text: string): void
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan'
const CODES: Record<Style, number> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
}

export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}
type Environment = Readonly<Record<string, string | undefined>>

/** The terminal behind a stream; its width is asked for at each drawing, as windows change. */
export function terminalOf(output: Output, env: Environment, platform: string): Terminal {
  const live = output.isTTY === true && env['TERM'] !== 'dumb'
  return {
    get columns(): number {
      // Some pseudo terminals say 0.
      return output.columns || Number(env['COLUMNS']) || 80
    },
    live,
    color: wantsColor(live, env),
    unicode: knowsUnicode(env, platform),
    write: (text) => void output.write(text),
  }
}

function wantsColor(live: boolean, env: Environment): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0'
  return live
}

function knowsUnicode(env: Environment, platform: string): boolean {
  if (env['TERM'] === 'linux') return false
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  if (/utf-?8/i.test(locale)) return true
  if (platform === 'win32') return env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] === 'vscode'
  return platform === 'darwin' && locale === ''
}

/** `text` in a style where the terminal has colors. */
export function paint(terminal: Pick<Terminal, 'color'>, text: string, ...styles: Style[]): string {
  if (!terminal.color || styles.length === 0 || text === '') return text
  return `\x1b[${styles.map((style) => CODES[style]).join(';')}m${text}\x1b[0m`
}

/** Text on a background of the 256-color palette. */
export function shade(terminal: Pick<Terminal, 'color'>, text: string, background: number, foreground: number): string {
  return terminal.color ? `\x1b[48;5;${background};38;5;${foreground}m${text}\x1b[0m` : text
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const ESCAPES = /\x1b\[[0-9;]*[A-Za-z]/g

/** Width of a text without its escape sequences. */
export function widthOf(text: string): number {
  return [...text.replace(ESCAPES, '')].length
}
