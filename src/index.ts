export { gradients, valueAndGrad } from './autodiff/gradients.ts'
export { type JacobianOptions, jacobian } from './autodiff/jacobian.ts'
export type { Gradients, ParameterTree } from './autodiff/tree.ts'
export * as data from './data/index.ts'
export * from './errors.ts'
export * as io from './io/index.ts'
export * as nn from './nn/index.ts'
export { type AttentionOptions, scaledDotProductAttention } from './ops/attention.ts'
export { advanceCursor, fetchRows, fetchSlot } from './ops/batch.ts'
export { full, ones, type TensorData, tensor, zeros, zerosLike } from './ops/create.ts'
export type { CtcOptions } from './ops/ctc.ts'
export { type Backward, type BackwardContext, defineOp, type UserOp } from './ops/custom.ts'
export {
  abs,
  add,
  argmax,
  argmin,
  bceWithLogits,
  bernoulli,
  binaryCrossEntropy,
  broadcastTo,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  ceil,
  celu,
  clip,
  clone,
  concat,
  conv2d,
  convTranspose2d,
  cos,
  cosineEmbedding,
  cosineSimilarity,
  crossEntropy,
  ctc,
  div,
  dropout,
  elu,
  equal,
  erf,
  exp,
  expm1,
  floor,
  focal,
  gather,
  gelu,
  glu,
  greater,
  greaterEqual,
  gru,
  hardsigmoid,
  hardswish,
  hardtanh,
  hinge,
  huber,
  isFinite,
  isNaN,
  klDiv,
  leakyRelu,
  less,
  lessEqual,
  linear,
  log,
  log1p,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  logSigmoid,
  logSoftmax,
  logsumexp,
  lstm,
  mae,
  maskedFill,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mish,
  mse,
  mul,
  multiMargin,
  neg,
  nll,
  norm,
  notEqual,
  outer,
  type Padding2d,
  permutation,
  pow,
  prelu,
  randomNormal,
  randomUniform,
  reciprocal,
  relu,
  relu6,
  reshape,
  rnn,
  round,
  rsqrt,
  type Sides,
  type Size2d,
  selu,
  sigmoid,
  sign,
  silu,
  sin,
  slice,
  smoothL1,
  softmax,
  softplus,
  softsign,
  sqrt,
  square,
  squaredDifference,
  stack,
  stopGradient,
  sub,
  sum,
  sumSquares,
  takeAlong,
  tanh,
  toFloat,
  transpose,
  triplet,
  variance,
  where,
} from './ops/functions.ts'
export { type OpName, ops } from './ops/index.ts'
export type { LossOptions, Reduction } from './ops/reduction.ts'
export { scalar, scalars } from './ops/scalar.ts'
export { Tensor } from './ops/tensor.ts'
export { adamUpdate, sgdUpdate } from './ops/update.ts'
export { Parameter, parameter, Variable, variable, view } from './ops/variable.ts'
export * as optim from './optim/index.ts'
export type { Elements, Engine, EngineOptions } from './program/engine.ts'
export { Generator } from './program/generator.ts'
export type { DType, Shape, Spec } from './program/graph.ts'
export type { Curves } from './program/step.ts'
export { currentEngine, init, withEngine } from './tensor/current.ts'
export { keep, Scope, scope } from './tensor/scope.ts'
export { capture, Step, spec } from './train/capture.ts'
export * as train from './train/index.ts'
