import * as f from '../ops/functions.ts'
import { Activation } from './activations.ts'

/** The largest value of each window of images [N, C, H, W]. */
export const maxPool2d = (kernel: f.Size2d, options: f.Pool2dOptions = {}): Activation =>
  new Activation('maxPool2d', (x) => f.maxPool2d(x, kernel, options))
/** The mean of each window. */
export const avgPool2d = (kernel: f.Size2d, options: f.AvgPool2dOptions = {}): Activation =>
  new Activation('avgPool2d', (x) => f.avgPool2d(x, kernel, options))
/** Means over size x size equal parts of each image. */
export const adaptiveAvgPool2d = (size: f.Size2d): Activation =>
  new Activation('adaptiveAvgPool2d', (x) => f.adaptiveAvgPool2d(x, size))
/** Images at another size. */
export const upsample2d = (options: f.UpsampleOptions): Activation =>
  new Activation('upsample2d', (x) => f.upsample2d(x, options))
/** The mean of each plane: [N, C, 1, 1]. */
export const globalAvgPool2d = (): Activation => new Activation('globalAvgPool2d', f.globalAvgPool2d)
