import type { OpName } from '../../ops/index.ts'
import { elementwiseRows } from './elementwise.ts'
import { layerRows } from './layers.ts'
import { recurrentRows } from './recurrent.ts'
import type { OnnxRows } from './rows.ts'
import { shapeRows } from './shapes.ts'

/** How each op is written in ONNX: one row an op, as in the op table. */
export const onnxRows: OnnxRows = {
  ...elementwiseRows,
  ...shapeRows,
  ...layerRows,
  ...recurrentRows,
}

const GRADIENT = 'part of a gradient'
const RANDOM = 'draws random numbers: put the model into evaluation mode'
const UPDATE = 'changes state'
const LOSS = 'part of a loss'
const DATA = 'reads training data'
const PLANNER = 'made by the planner, after tracing'

/** Why an op has no row. */
export const notExported: Readonly<Partial<Record<OpName, string>>> = {
  absGrad: GRADIENT,
  attentionGrad: GRADIENT,
  avgPool2dGrad: GRADIENT,
  clipGrad: GRADIENT,
  conv2dFilterGrad: GRADIENT,
  crossEntropyGrad: GRADIENT,
  eluGrad: GRADIENT,
  geluGrad: GRADIENT,
  gruGrad: GRADIENT,
  hardtanhGrad: GRADIENT,
  layerNormGrad: GRADIENT,
  leakyReluGrad: GRADIENT,
  logSoftmaxGrad: GRADIENT,
  lstmGrad: GRADIENT,
  maxPool2dGrad: GRADIENT,
  reluGrad: GRADIENT,
  rnnGrad: GRADIENT,
  sigmoidGrad: GRADIENT,
  siluGrad: GRADIENT,
  softmaxGrad: GRADIENT,
  softplusGrad: GRADIENT,
  tanhGrad: GRADIENT,
  bernoulli: RANDOM,
  dropout: RANDOM,
  normal: RANDOM,
  permutation: RANDOM,
  uniform: RANDOM,
  adam: UPDATE,
  advance: UPDATE,
  amsgrad: UPDATE,
  assign: UPDATE,
  lion: UPDATE,
  sgd: UPDATE,
  scalar: 'computes control scalars (float64)',
  crossEntropy: LOSS,
  fetchRows: DATA,
  fetchSlot: DATA,
  fusedConv2d: PLANNER,
  fusedMatmul: PLANNER,
  geluSlope: PLANNER,
}
