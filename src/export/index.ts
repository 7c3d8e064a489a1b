// chainrule/export: what other programs read.
export { exportOnnx, type OnnxOptions, OPSET } from './onnx/index.ts'
export { type BoardEvent, eventRecord, fileVersion } from './tensorboard.ts'
