// The model files of `chainrule train`: safetensors whose metadata say how the network is built and what it takes.
import { JsonReader } from '../data/fitted.ts'
import { DataError } from '../errors.ts'
import { readFile } from '../io/node-files.ts'
import { decodeState, encodeState } from '../io/state.ts'
import type { State } from '../nn/index.ts'
import { type ModelSpec, readSpec } from './models.ts'
import type { RunResult } from './result.ts'
import { command, configOf } from './run-config.ts'

/** How the values of a sample become inputs: `value / maximum`. */
export interface ImagePreprocessing {
  readonly kind: 'image'
  readonly version: 1
  readonly shape: readonly number[]
  readonly maximum: number
  readonly classes: number
}

/** What a model file holds. */
export interface ModelFile {
  readonly spec: ModelSpec
  readonly preprocessing: ImagePreprocessing
  readonly state: State
  readonly metadata: ReadonlyMap<string, string>
}

/** Keys of the metadata. */
export const KEYS = {
  version: 'chainrule.version',
  command: 'chainrule.command',
  config: 'chainrule.config',
  model: 'chainrule.model',
  preprocessing: 'chainrule.preprocessing',
  results: 'chainrule.results',
} as const

/** The bytes of the file for a trained network. */
export function modelFile(state: State, result: RunResult): Uint8Array<ArrayBuffer> {
  const { options, data, testAccuracy, losses, epochs, weightsHash } = result
  const preprocessing: ImagePreprocessing = {
    kind: 'image',
    version: 1,
    shape: data.sampleShape,
    maximum: result.maximum,
    classes: data.classes,
  }
  const results = { testAccuracy, testLoss: epochs.at(-1)?.testLoss, steps: losses.length, weightsHash }
  return encodeState(state, [
    ['format', 'pt'],
    [KEYS.version, result.version],
    [KEYS.command, command(options)],
    [KEYS.config, JSON.stringify(configOf(options))],
    [KEYS.model, JSON.stringify(result.spec)],
    [KEYS.preprocessing, JSON.stringify(preprocessing)],
    [KEYS.results, JSON.stringify(results)],
  ])
}

/** Reads a model file that `chainrule train` wrote. */
export async function readModel(path: string): Promise<ModelFile> {
  const { state, metadata } = decodeState(await readFile(path), path)
  const spec = readSpec(metadataJson(metadata, KEYS.model, path))
  const preprocessing = readImage(metadataJson(metadata, KEYS.preprocessing, path))
  return { spec, preprocessing, state, metadata }
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

function readImage(json: JsonReader): ImagePreprocessing {
  json.header('image', 1)
  const shape = json
    .get('shape')
    .list()
    .map((size) => size.whole(1, 1_000_000))
  const maximum = json.get('maximum')
  if (!(maximum.number() > 0)) maximum.fail('a number above 0')
  return {
    kind: 'image',
    version: 1,
    shape,
    maximum: maximum.number(),
    classes: json.get('classes').whole(1, 65536),
  }
}
