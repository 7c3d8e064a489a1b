import { TablePreprocessor } from '../data/preprocess.ts'
import { DataError } from '../errors.ts'
import { engineFor } from './engine.ts'
import { integer } from './format.ts'
import { figure, figures } from './headline.ts'
import { classNames, classReport, loadImages } from './jobs/image.ts'
import { tableReport } from './jobs/table.ts'
import { readRows } from './jobs/table-file.ts'
import { readText, textReport } from './jobs/text.ts'
import { type ModelFile, readModel, restore } from './model-file.ts'
import type { Network } from './models.ts'
import type { TestReport } from './result.ts'
import { paint, type Terminal } from './terminal.ts'
import { testLines } from './view-text.ts'

export interface EvaluateSettings {
  readonly json: boolean
  readonly missing: readonly string[] | undefined
  readonly threads: number | 'auto'
}

/** `chainrule evaluate`. */
export async function runEvaluate(
  modelPath: string,
  dataPath: string,
  { json, missing, threads }: EvaluateSettings,
  out: Terminal,
): Promise<void> {
  const file = await readModel(modelPath)
  const engine = await engineFor(file, threads)
  try {
    const test = await reportOf(file, dataPath, missing, restore(file))
    if (json) {
      const { kind, rows } = test
      const confusion =
        test.kind === 'classes' ? { classes: test.names, confusion: [...test.confusion.counts] } : undefined
      out.write(`${JSON.stringify({ kind, rows, ...figures(test), ...confusion })}\n`)
      return
    }
    const { value, what } = figure(test)
    const unit = test.kind === 'text' ? 'tokens' : 'rows'
    const line = ` ${paint(out, value, 'bold', 'green')} ${what}   ${integer(test.rows)} ${unit} of ${dataPath}`
    out.write(`${[...testLines(test, file.preprocessing instanceof TablePreprocessor, out), '', line].join('\n')}\n`)
  } finally {
    await engine.close()
  }
}

async function reportOf(
  { preprocessing, spec }: ModelFile,
  data: string,
  missing: readonly string[] | undefined,
  model: Network,
): Promise<TestReport> {
  if (preprocessing instanceof TablePreprocessor) {
    const table = await readRows(data, preprocessing, missing)
    return tableReport(model, preprocessing.transform(table), preprocessing)
  }
  if ('maximum' in preprocessing) {
    const { sampleShape, classes, train, test } = await loadImages(data, preprocessing.maximum)
    if (sampleShape.join() !== preprocessing.shape.join() || classes > preprocessing.classes)
      throw new DataError('not the kind of images that the network was trained on', {
        where: data,
        expected: `[${preprocessing.shape.join(', ')}] and ${preprocessing.classes} classes`,
        received: `[${sampleShape.join(', ')}] and ${classes} classes`,
      })
    return classReport(model, test ?? train, classNames(preprocessing.classes))
  }
  if (spec.kind !== 'transformer') throw new DataError('a tokenizer without a transformer', { where: data })
  const tokens = preprocessing.encode(await readText(data))
  if (tokens.length <= spec.context)
    throw new DataError('too short a text', {
      where: data,
      expected: `more than ${spec.context} tokens`,
      received: String(tokens.length),
    })
  return textReport(model, [tokens], preprocessing, { context: spec.context, batch: 16, seed: 1 })
}
