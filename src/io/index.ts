export {
  encodeSafetensors,
  parseSafetensors,
  type SafeTensor,
  type SafeTensorData,
  type SafeTensors,
  type SafeTensorType,
} from './safetensors.ts'
export { decodeState, encodeState } from './state.ts'
