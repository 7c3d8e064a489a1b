import { ArgumentError } from '../errors.ts'
import { engineFor } from './engine.ts'
import { generate } from './generate.ts'
import { readModel, restore } from './model-file.ts'
import type { Terminal } from './terminal.ts'

export interface GenerateSettings {
  readonly prompt: string
  readonly tokens: number
  readonly temperature: number
  readonly top: number | undefined
  readonly seed: number
  readonly json: boolean
  readonly threads: number | 'auto'
}

/** `chainrule generate`; false where it was stopped. */
export async function runGenerate(
  path: string,
  settings: GenerateSettings,
  out: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  const file = await readModel(path)
  const { spec, preprocessing } = file
  if (spec.kind !== 'transformer' || !('encode' in preprocessing))
    throw new ArgumentError('the network does not write text', {
      where: path,
      expected: 'a model that was trained on a text',
      hint: `Use 'chainrule predict ${path} DATA'.`,
    })
  const { prompt, tokens, json } = settings
  const start = preprocessing.encode(prompt)
  const engine = await engineFor(file, settings.threads)
  try {
    const model = restore(file)
    let text = ''
    if (!json && prompt !== '\n') out.write(prompt)
    for await (const piece of generate(model, spec.context, preprocessing, start, settings)) {
      if (signal.aborted) break
      if (json) text += piece
      else out.write(printable(piece))
    }
    const { seed, temperature } = settings
    if (json) out.write(`${JSON.stringify({ prompt, text, tokens, temperature, seed })}\n`)
    else out.write('\n')
    return !signal.aborted
  } finally {
    await engine.close()
  }
}

/** Without the control characters that a terminal would obey. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '\u00b7')
