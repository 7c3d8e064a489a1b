export * from './activations.ts'
export * from './attention.ts'
export { type BatchNorm, type BatchNormOptions, batchNorm } from './batch-norm.ts'
export * from './combine.ts'
export * from './conv.ts'
export * from './dropout.ts'
export * from './embedding.ts'
export * from './flatten.ts'
export { initializer, type NumberedInitializer } from './initializer.ts'
export {
  constant,
  type Fan,
  type Initializer,
  type InitializerChoice,
  type InitializerName,
  normalInitializer,
  truncatedNormal,
  uniformInitializer,
  type WeightOptions,
} from './initializers.ts'
export * from './linear.ts'
export { type FieldLayout, type Layer, Module } from './module.ts'
export {
  type GroupNorm,
  groupNorm,
  instanceNorm,
  LayerNorm,
  type LayerNormOptions,
  layerNorm,
  type RMSNorm,
  rmsNorm,
} from './norm.ts'
export { orthogonal } from './orthogonal.ts'
export * from './pool.ts'
export * from './positions.ts'
export * from './recurrent.ts'
export * from './recurrent-cells.ts'
export * from './sequential.ts'
export type { LoadReport, State, StateEntry } from './state.ts'
export * from './transformer.ts'
