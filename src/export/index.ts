// chainrule/export: what other programs read.
export { boardEvents } from './board-events.ts'
export { exportOnnx, type OnnxOptions, OPSET } from './onnx/index.ts'
export { type BoardEvent, eventRecord, fileVersion } from './tensorboard.ts'
