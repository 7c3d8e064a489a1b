import type { Dataset } from '../data/dataset.ts'
import { TablePreprocessor } from '../data/preprocess.ts'
import { ArgumentError } from '../errors.ts'
import { checkWritable, writeFileAtomic } from '../io/node-write.ts'
import { predictions } from '../train/index.ts'
import { softmax } from './beliefs.ts'
import { engineFor } from './engine.ts'
import { bytes } from './format.ts'
import { classNames, readImages } from './jobs/image.ts'
import { readRows } from './jobs/table-file.ts'
import { type ModelFile, readModel, restore } from './model-file.ts'
import type { Terminal } from './terminal.ts'

export interface PredictSettings {
  readonly probabilities: boolean
  readonly missing: readonly string[] | undefined
  readonly out: string | undefined
  readonly json: boolean
  readonly threads: number | 'auto'
}

interface Task {
  readonly rows: Dataset<'x'>
  /** Of the column with the answer. */
  readonly column: string
  /** Undefined where the answer is a number. */
  readonly classes: readonly string[] | undefined
  value(output: Float32Array): string | number
}

/** `chainrule predict`: a line for each row, in the order of the rows. */
export async function runPredict(
  modelPath: string,
  dataPath: string,
  settings: PredictSettings,
  out: Terminal,
): Promise<void> {
  if (settings.out !== undefined) await checkWritable(settings.out)
  const file = await readModel(modelPath)
  const { rows, column, classes, value } = await taskOf(file, dataPath, settings.missing)
  if (classes === undefined && settings.probabilities)
    throw new ArgumentError('only classes have them', { where: '--probabilities', received: 'a number' })
  const engine = await engineFor(file, settings.threads)
  try {
    const model = restore(file)
    const columns = [column, ...(classes === undefined ? [] : ['confidence'])]
    if (settings.probabilities) columns.push(...(classes as readonly string[]).map((name) => `p(${name})`))
    const lines: string[] = settings.json ? [] : [columns.map(quoted).join(',')]
    const write = (): void => {
      if (settings.out !== undefined || lines.length === 0) return
      out.write(`${lines.join('\n')}\n`)
      lines.length = 0
    }
    const outputs = classes?.length ?? 1
    for await (const { data } of predictions(model, rows)) {
      for (let at = 0; at < data.length; at += outputs) {
        const output = (data as Float32Array).subarray(at, at + outputs)
        const answer = value(output)
        const beliefs = classes === undefined ? [] : softmax(output)
        const confidence = beliefs.reduce((most, p) => Math.max(most, p), 0)
        if (settings.json) {
          const shares = classes?.map((name, k) => [name, rounded(beliefs[k] as number)] as const)
          lines.push(
            JSON.stringify({
              [column]: answer,
              ...(classes !== undefined && { confidence: rounded(confidence) }),
              ...(settings.probabilities && { probabilities: Object.fromEntries(shares ?? []) }),
            }),
          )
        } else {
          const numbers = classes === undefined ? [] : [confidence, ...(settings.probabilities ? beliefs : [])]
          lines.push([quoted(String(answer)), ...numbers.map((p) => String(rounded(p)))].join(','))
        }
      }
      write()
    }
    if (settings.out === undefined) return
    const text = `${lines.join('\n')}\n`
    await writeFileAtomic(settings.out, text)
    out.write(` ${rows.size} predictions  ${settings.out} (${bytes(new TextEncoder().encode(text).length)})\n`)
  } finally {
    await engine.close()
  }
}

async function taskOf(
  { preprocessing, path }: ModelFile,
  data: string,
  missing: readonly string[] | undefined,
): Promise<Task> {
  if (preprocessing instanceof TablePreprocessor) {
    const { target } = preprocessing
    const rows = preprocessing.inputs(await readRows(data, preprocessing, missing))
    const classes = target.kind === 'classes' ? target.classes : undefined
    return {
      rows,
      column: target.name,
      classes,
      value: (output) => {
        const [answer] = preprocessing.predictions(output)
        return typeof answer === 'number' ? Number(answer.toPrecision(7)) : (answer as string)
      },
    }
  }
  if (preprocessing.kind !== 'image' || !('maximum' in preprocessing))
    throw new ArgumentError('the network writes text', {
      where: path,
      expected: 'a model of a table or of images',
      hint: `Use 'chainrule generate ${path}'.`,
    })
  const classes = classNames(preprocessing.classes)
  const best = (output: Float32Array): number => output.indexOf(output.reduce((a, b) => Math.max(a, b)))
  return { rows: await readImages(data, preprocessing), column: 'class', classes, value: best }
}

const rounded = (p: number): number => Number(p.toPrecision(5))

/** A field of RFC 4180. */
function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
