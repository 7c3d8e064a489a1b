// The model files of `chainrule train`: safetensors whose metadata say how the network is built and what it takes.
import { JsonReader } from '../data/fitted.ts'
import { TablePreprocessor } from '../data/preprocess.ts'
import { tokenizerFromJSON } from '../data/tokenizer-json.ts'
import { DataError } from '../errors.ts'
import { CheckpointFolder } from '../io/node-checkpoints.ts'
import { readFile } from '../io/node-files.ts'
import { parseSafetensors } from '../io/safetensors.ts'
import { decodeState, encodeState } from '../io/state.ts'
import type { State } from '../nn/index.ts'
import { decodeCheckpoint } from '../train/index.ts'
import { trainOptionsFrom } from './args.ts'
import { testFigures } from './headline.ts'
import { readImage } from './jobs/image.ts'
import { type Preprocessing, specOf } from './jobs/spec.ts'
import { buildModel, type ModelSpec, type Network, readSpec } from './models.ts'
import type { RunResult } from './result.ts'
import { isFolder } from './resume.ts'
import { command, configOf } from './run-config.ts'

/** What a model file holds. */
export interface ModelFile {
  readonly path: string
  readonly spec: ModelSpec
  /** What makes inputs of raw data: of a table, an image or a text. */
  readonly preprocessing: Preprocessing
  readonly state: State
  readonly metadata: ReadonlyMap<string, string>
  /** What it was trained with, as a configuration file has it. */
  readonly config: unknown
  /** Samples that it learnt from and that were looked at after each epoch, as far as that is stored. */
  readonly rows: { readonly train: number | undefined; readonly watched: number | undefined }
  /** Whether the run measured the norms of its layers, for a report. */
  readonly norms: boolean
}

/** Keys of the metadata. */
export const KEYS = {
  version: 'chainrule.version',
  command: 'chainrule.command',
  config: 'chainrule.config',
  model: 'chainrule.model',
  preprocessing: 'chainrule.preprocessing',
  results: 'chainrule.results',
  norms: 'chainrule.norms',
  checkpoint: 'chainrule.checkpoint',
} as const

/** The bytes of the file for a trained network. */
export function modelFile(state: State, result: RunResult): Uint8Array<ArrayBuffer> {
  const { options, data, test, losses, weightsHash } = result
  const results = {
    ...testFigures(test),
    testRows: test.rows,
    trainRows: data.trainSamples,
    watchedRows: data.validationSamples ?? data.testSamples,
    steps: losses.length,
    weightsHash,
  }
  return encodeState(state, [
    ['format', 'pt'],
    [KEYS.version, result.version],
    [KEYS.command, command(options)],
    [KEYS.config, JSON.stringify(configOf(options))],
    [KEYS.model, JSON.stringify(result.spec)],
    [KEYS.preprocessing, JSON.stringify(result.preprocessing)],
    [KEYS.results, JSON.stringify(results)],
    [KEYS.norms, String(options.report !== undefined)],
  ])
}

/** Reads a model file that `chainrule train` wrote, or a checkpoint of a run: a file, or the last one of a folder. */
export async function readModel(from: string): Promise<ModelFile> {
  const path = await lastOf(from)
  const bytes = await readFile(path)
  if (parseSafetensors(bytes, path).metadata.has(KEYS.checkpoint)) return ofCheckpoint(bytes, path)
  const { state, metadata } = decodeState(bytes, path)
  const spec = readSpec(metadataJson(metadata, KEYS.model, path))
  const preprocessing = readPreprocessing(metadataJson(metadata, KEYS.preprocessing, path))
  const results = metadataJson(metadata, KEYS.results, path)
  const rows = { train: countOf(results, 'trainRows'), watched: countOf(results, 'watchedRows') }
  const config = metadataJson(metadata, KEYS.config, path).value
  const norms = metadata.get(KEYS.norms) === 'true'
  return { path, spec, preprocessing, state, metadata, config, rows, norms }
}

/** A checkpoint keeps what the run was asked for and how it makes inputs: the network follows from both. */
function ofCheckpoint(bytes: Uint8Array, path: string): ModelFile {
  const { model, config, preprocessing: kept, progress, history } = decodeCheckpoint(bytes, path)
  const { metadata } = parseSafetensors(bytes, path)
  const preprocessing = readPreprocessing(new JsonReader(kept, path, 'checkpoint of the chainrule command'))
  const options = trainOptionsFrom(config, `${path}: configuration`, new Map())
  // Rows that were looked at are counted with what came of it.
  const validation = (history.at(-1) as { readonly validation?: { readonly rows?: unknown } } | undefined)?.validation
  const watched = Number.isSafeInteger(validation?.rows) ? (validation?.rows as number) : undefined
  return {
    path,
    spec: specOf(options, preprocessing, path),
    preprocessing,
    state: model,
    metadata,
    config,
    rows: { train: progress.data.rows, watched },
    norms: options.report !== undefined,
  }
}

function countOf(results: JsonReader, key: string): number | undefined {
  const { value } = results.get(key)
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined
}

/** Of a folder of checkpoints the last one. */
export async function lastOf(path: string): Promise<string> {
  if (!(await isFolder(path))) return path
  const last = (await new CheckpointFolder(path).list()).at(-1)
  if (last !== undefined) return last.path
  throw new DataError('no checkpoints', { where: path, expected: 'a file, or a folder of train --checkpoint' })
}

/** The network of a model file, with its weights. */
export function restore({ spec, state, path }: ModelFile): Network {
  const model = buildModel(spec)
  try {
    model.loadStateDict(state)
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause
    throw new DataError('its tensors are not those of its network', { where: path, hint: cause.message, cause })
  }
  return model.eval()
}

function readPreprocessing(json: JsonReader): Preprocessing {
  const { value } = json.get('kind')
  if (value === 'table') return TablePreprocessor.fromJSON(json.value, json.path)
  return value === 'image' ? readImage(json) : tokenizerFromJSON(json.value, json.path)
}

/** A member of the metadata that is JSON. */
export function metadataJson(metadata: ReadonlyMap<string, string>, key: string, path: string): JsonReader {
  const text = metadata.get(key)
  if (text === undefined)
    throw new DataError('not a model of the chainrule command', {
      where: path,
      expected: `${key} in its metadata`,
      hint: `See 'chainrule inspect ${path}'.`,
    })
  try {
    return new JsonReader(JSON.parse(text), `${path}: ${key}`, 'metadata')
  } catch (cause) {
    throw new DataError(`malformed ${key}: no JSON`, { where: path, cause })
  }
}
