// chainrule/export: what other programs read.
export { exportOnnx, type OnnxOptions, OPSET } from './onnx/index.ts'
