import {
  SCALAR_ADD,
  SCALAR_COPY,
  SCALAR_COS,
  SCALAR_DIV,
  SCALAR_EXP,
  SCALAR_FLOOR,
  SCALAR_FROM_F32,
  SCALAR_LESS,
  SCALAR_LOG,
  SCALAR_MAX,
  SCALAR_MIN,
  SCALAR_MUL,
  SCALAR_NEG,
  SCALAR_POW,
  SCALAR_SELECT,
  SCALAR_SQRT,
  SCALAR_SUB,
  SCALAR_TO_F32,
} from '../../src/abi/constants'
import { cos, exp, log, pow } from './functions'

/** y = fn(a, b, c) on f64 slots. Slots that the function does not take are not read. */
export function scalar(fn: u32, y: usize, a: usize, b: usize, c: usize, part: u32, _parts: u32): void {
  if (part != 0) return
  if (fn == SCALAR_FROM_F32) {
    store<f64>(y, <f64>load<f32>(a))
    return
  }
  const x = load<f64>(a)
  let result: f64
  switch (fn) {
    case SCALAR_ADD:
      result = x + load<f64>(b)
      break
    case SCALAR_SUB:
      result = x - load<f64>(b)
      break
    case SCALAR_MUL:
      result = x * load<f64>(b)
      break
    case SCALAR_DIV:
      result = x / load<f64>(b)
      break
    case SCALAR_MIN:
      result = min<f64>(x, load<f64>(b))
      break
    case SCALAR_MAX:
      result = max<f64>(x, load<f64>(b))
      break
    case SCALAR_POW:
      result = pow(x, load<f64>(b))
      break
    case SCALAR_EXP:
      result = exp(x)
      break
    case SCALAR_LOG:
      result = log(x)
      break
    case SCALAR_COS:
      result = cos(x)
      break
    case SCALAR_SQRT:
      result = sqrt<f64>(x)
      break
    case SCALAR_FLOOR:
      result = floor<f64>(x)
      break
    case SCALAR_LESS:
      result = x < load<f64>(b) ? 1 : 0
      break
    case SCALAR_SELECT:
      result = x != 0 ? load<f64>(b) : load<f64>(c)
      break
    case SCALAR_NEG:
      result = -x
      break
    case SCALAR_TO_F32:
      store<f32>(y, <f32>x)
      return
    case SCALAR_COPY:
      result = x
      break
    default:
      return
  }
  store<f64>(y, result)
}

/** counter += by, 64 bits. */
export function advance(counter: usize, by: u32, part: u32, _parts: u32): void {
  if (part == 0) store<u64>(counter, load<u64>(counter) + by)
}
