// chainrule/node: files in Node, Deno and Bun.
import { readIdxFolder, readNpyFolder } from '../data/folder.ts'
import type { State } from '../nn/index.ts'
import { openFile, readFile } from './node-files.ts'
import { type TensorBoard, tensorboard } from './node-tensorboard.ts'
import { writeFileAtomic } from './node-write.ts'
import { decodeState, encodeState } from './state.ts'

export type { IdxFolder } from '../data/folder.ts'
export {
  type DecodedImage,
  type ImageFolder,
  type ImageFolderOptions,
  imageFolder,
} from '../data/image-folder.ts'
export { CheckpointFolder, type CheckpointFolderOptions, type SavedCheckpoint } from './node-checkpoints.ts'
export type { FileBytes } from './node-files.ts'
export type { TensorBoard }
export { openFile, readFile, readIdxFolder, readNpyFolder, tensorboard, writeFileAtomic }

/** Writes `await model.stateDict()` to a safetensors file: the old file or the new one, never a part of either. */
export function saveState(path: string, state: State, metadata?: Iterable<readonly [string, string]>): Promise<void> {
  return writeFileAtomic(path, encodeState(state, metadata))
}

/** Reads what `model.loadStateDict` takes from a safetensors file. */
export async function loadState(path: string): Promise<State> {
  return decodeState(await readFile(path), path).state
}
