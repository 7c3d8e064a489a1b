export { type ArrowLibrary, type ReadArrowOptions, readArrow } from './arrow.ts'
export {
  type Augmentation,
  type AugmentOptions,
  augment,
  type ImageSize,
  randomErase,
  randomFlip,
  randomNoise,
  randomRotation,
  randomShift,
} from './augment.ts'
export { BpeTokenizer, type TrainBpeOptions } from './bpe.ts'
export { type ByteSource, gunzipped } from './bytes.ts'
export type { CellKind } from './cells.ts'
export type { Values } from './collect.ts'
export type { ReadColumnarOptions } from './columnar.ts'
export { type CsvOptions, type CsvRow, csvRows, type ReadCsvOptions, readCsv } from './csv.ts'
export { type ArraysOptions, arrays, type Column, type Dataset, take } from './dataset.ts'
export { digits, loadDigits } from './digits.ts'
export type { CategoryFeature, Feature, NumberFeature } from './features.ts'
export type { FittedJson } from './fitted.ts'
export { type IdxArray, type IdxData, type IdxType, parseIdx, readIdx } from './idx.ts'
export type { JsonObject, JsonValue } from './json.ts'
export { type JsonLinesOptions, jsonLines } from './json-lines.ts'
export { datasetOf, type LabelledData, pairLabels } from './labelled.ts'
export { type Batch, Loader, type LoaderOptions, loader } from './loader.ts'
export { fromNpy, type NpyParts, npyParts } from './npy.ts'
export { type ByteFile, type ParquetLibrary, type ReadParquetOptions, readParquet } from './parquet.ts'
export {
  type BatchesOptions,
  type BatchOptions,
  batches,
  type Example,
  Pipeline,
  type Place,
  pipeline,
} from './pipeline.ts'
export {
  type DroppedColumn,
  type FitTableOptions,
  TablePreprocessor,
  type TablePreprocessorJson,
} from './preprocess.ts'
export type { Random } from './random.ts'
export type { Source } from './source.ts'
export { type Split, split } from './split.ts'
export type { BatchStream } from './stream.ts'
export {
  type CategoryColumn,
  type Cell,
  columnOf,
  type NumberColumn,
  type SplitTableOptions,
  splitTable,
  type Table,
  type TableColumn,
  type TableOptions,
  tableOf,
  takeRows,
} from './table.ts'
export type { TableTarget } from './target.ts'
export { ByteTokenizer, CharacterTokenizer, type Tokenizer } from './tokenizer.ts'
export { tokenizerFromJSON } from './tokenizer-json.ts'
export {
  type SplitTokensOptions,
  splitTokens,
  type Tokens,
  type WindowOptions,
  windowBatches,
  windows,
} from './windows.ts'
