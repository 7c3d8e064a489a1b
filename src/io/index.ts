export { encodeNpy, type NpyArray, type NpyData, type NpyInput, type NpyType, parseNpy } from './npy.ts'
export { encodeNpz, type ReadNpzOptions, readNpz } from './npz.ts'
export {
  encodeSafetensors,
  parseSafetensors,
  type SafeTensor,
  type SafeTensorData,
  type SafeTensors,
  type SafeTensorType,
} from './safetensors.ts'
export { decodeState, encodeState } from './state.ts'
