import {
  type Augmentation,
  augment,
  type ImageSize,
  randomFlip,
  randomNoise,
  randomRotation,
  randomShift,
} from '../../data/augment.ts'
import { batches } from '../../data/pipeline.ts'
import type { BatchStream } from '../../data/stream.ts'
import { imageOf } from '../models/cnn.ts'
import { type Change, changesOf } from '../pairs.ts'
import type { TrainOptions } from '../train-options.ts'
import type { Rows } from './job.ts'

const MAKERS: Readonly<Record<Change, (amount: number | undefined, side: number) => Augmentation>> = {
  // a fourteenth: two pixels of the 28 of MNIST
  shift: (pixels, side) => randomShift(pixels ?? Math.max(1, Math.round(side / 14))),
  flip: () => randomFlip(),
  rotate: (degrees = 10) => randomRotation(degrees),
  noise: (deviation = 0.05) => randomNoise(deviation),
}

/** Batches of training images, shuffled and changed anew each epoch; the same for the same seed. */
export function augmented(
  train: Rows,
  sampleShape: readonly number[],
  where: string,
  { augment: list, batch, seed }: TrainOptions,
): BatchStream<'x' | 'y'> {
  const { image, channelsLast } = imageOf(sampleShape, where)
  const side = Math.min(image[1], image[2])
  const steps = changesOf(list).map(([change, amount]) => MAKERS[change](amount, side))
  const ordered = channelsLast ? steps.map(inPlanes) : steps
  return batches(train, { batch, shuffle: seed }).map(augment(ordered, { seed, size: image }))
}

/** The change of an image whose pixels have their channels beside each other. */
function inPlanes(change: Augmentation): Augmentation {
  return (pixels, size, random) => interleaved(change(planes(pixels, size), size, random), size)
}

function planes(pixels: Float32Array, { channels }: ImageSize): Float32Array {
  const plane = pixels.length / channels
  return pixels.map((_, i) => pixels[(i % plane) * channels + Math.floor(i / plane)] as number)
}

function interleaved(pixels: Float32Array, { channels }: ImageSize): Float32Array {
  const plane = pixels.length / channels
  return pixels.map((_, i) => pixels[(i % channels) * plane + Math.floor(i / channels)] as number)
}
