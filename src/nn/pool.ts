import * as f from '../ops/functions.ts'
import { known } from '../options.ts'
import { Activation } from './activations.ts'

/** The largest value of each window of images [N, C, H, W]. */
export const maxPool2d = (kernel: f.Size2d, options: f.Pool2dOptions = {}): Activation => {
  known('nn.maxPool2d', options, 'stride padding ceil')
  return new Activation('maxPool2d', (x) => f.maxPool2d(x, kernel, options))
}
/** The mean of each window. */
export const avgPool2d = (kernel: f.Size2d, options: f.AvgPool2dOptions = {}): Activation => {
  known('nn.avgPool2d', options, 'stride padding ceil countIncludePad')
  return new Activation('avgPool2d', (x) => f.avgPool2d(x, kernel, options))
}
/** Means over size x size parts of each image. */
export const adaptiveAvgPool2d = (size: f.Size2d): Activation =>
  new Activation('adaptiveAvgPool2d', (x) => f.adaptiveAvgPool2d(x, size))
/** The largest values of size x size parts of each image. */
export const adaptiveMaxPool2d = (size: f.Size2d): Activation =>
  new Activation('adaptiveMaxPool2d', (x) => f.adaptiveMaxPool2d(x, size))
/** The same of sequences [N, C, L]. */
export const maxPool1d = (kernel: number, options: f.Pool1dOptions = {}): Activation => {
  known('nn.maxPool1d', options, 'stride padding ceil')
  return new Activation('maxPool1d', (x) => f.maxPool1d(x, kernel, options))
}
export const avgPool1d = (kernel: number, options: f.AvgPool1dOptions = {}): Activation => {
  known('nn.avgPool1d', options, 'stride padding ceil countIncludePad')
  return new Activation('avgPool1d', (x) => f.avgPool1d(x, kernel, options))
}
export const adaptiveAvgPool1d = (size: number): Activation =>
  new Activation('adaptiveAvgPool1d', (x) => f.adaptiveAvgPool1d(x, size))
export const adaptiveMaxPool1d = (size: number): Activation =>
  new Activation('adaptiveMaxPool1d', (x) => f.adaptiveMaxPool1d(x, size))
/** The same of volumes [N, C, D, H, W]. */
export const maxPool3d = (kernel: f.Size3d, options: f.Pool3dOptions = {}): Activation => {
  known('nn.maxPool3d', options, 'stride padding ceil')
  return new Activation('maxPool3d', (x) => f.maxPool3d(x, kernel, options))
}
export const avgPool3d = (kernel: f.Size3d, options: f.AvgPool3dOptions = {}): Activation => {
  known('nn.avgPool3d', options, 'stride padding ceil countIncludePad')
  return new Activation('avgPool3d', (x) => f.avgPool3d(x, kernel, options))
}
/** Images at another size. */
export const upsample2d = (options: f.UpsampleOptions): Activation => {
  known('nn.upsample2d', options, 'size scale mode alignCorners')
  return new Activation('upsample2d', (x) => f.upsample2d(x, options))
}
/** The mean of each plane: [N, C, 1, 1]. */
export const globalAvgPool2d = (): Activation => new Activation('globalAvgPool2d', f.globalAvgPool2d)
/** The largest value of each plane: [N, C, 1, 1]. */
export const globalMaxPool2d = (): Activation => new Activation('globalMaxPool2d', f.globalMaxPool2d)
