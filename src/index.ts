export { gradients, valueAndGrad } from './autodiff/gradients.ts'
export { type JacobianOptions, jacobian } from './autodiff/jacobian.ts'
export type { Gradients, ParameterTree } from './autodiff/tree.ts'
export * as data from './data/index.ts'
export * from './errors.ts'
export * as io from './io/index.ts'
export * as nn from './nn/index.ts'
export { advanceCursor, fetchRows, fetchSlot } from './ops/batch.ts'
export { full, ones, type TensorData, tensor, zeros, zerosLike } from './ops/create.ts'
export {
  type AttentionOptions,
  abs,
  add,
  argmax,
  argmin,
  bernoulli,
  binaryCrossEntropy,
  broadcastTo,
  ceil,
  celu,
  clip,
  clone,
  concat,
  cos,
  crossEntropy,
  div,
  dropout,
  elu,
  equal,
  erf,
  exp,
  expm1,
  floor,
  gather,
  gelu,
  glu,
  greater,
  greaterEqual,
  gru,
  hardsigmoid,
  hardswish,
  hardtanh,
  isFinite,
  isNaN,
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
  neg,
  nll,
  norm,
  notEqual,
  outer,
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
  rotaryEmbedding,
  round,
  rsqrt,
  scaledDotProductAttention,
  selu,
  sigmoid,
  sign,
  silu,
  sin,
  slice,
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
  variance,
  where,
} from './ops/functions.ts'
export { type OpName, ops } from './ops/index.ts'
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
