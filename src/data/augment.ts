import { ArgumentError } from '../errors.ts'
import { known } from '../options.ts'
import { type Column, type Dataset, width } from './dataset.ts'
import { checkSeed } from './loader.ts'
import type { Place } from './pipeline.ts'
import { Random, sinCos } from './random.ts'

/** Shape of an image in memory: one plane of rows a channel. */
export interface ImageSize {
  readonly channels: number
  readonly height: number
  readonly width: number
}

/** Changes the pixels of one image, or gives those of a new one; draws from `random` alone. */
export type Augmentation = (pixels: Float32Array, size: ImageSize, random: Random) => Float32Array

export interface AugmentOptions<K extends string> {
  /** Gives every change: the same seed, epoch and example, the same image. */
  seed: number
  /** The column of images. Default 'x'. */
  column?: K | undefined
  /** Shape of an image, where that of the column does not tell: [height, width] or [channels, height, width]. */
  size?: readonly number[] | undefined
}

/**
 * A function for `map` that changes the images of each batch, one step after the other:
 * `data.batches(train, { batch: 64, shuffle: 1 }).map(data.augment([data.randomShift(2)], { seed: 1 }))`. Float32 images of
 * shape [height, width] or [channels, height, width]; give `size` where they are flat rows.
 */
export function augment<K extends string = string>(
  steps: readonly Augmentation[],
  options: AugmentOptions<K>,
): <D extends K>(batch: Dataset<D>, place: Place) => Dataset<D> {
  const { seed, column, size } = known('data.augment', options as AugmentOptions<string>, 'seed column size')
  checkSeed('data.augment', seed)
  const name: string = column ?? 'x'
  return (batch, { epoch, index }) => {
    const columns: Readonly<Record<string, Column>> = batch.columns
    const found = Object.hasOwn(columns, name) ? columns[name] : undefined
    if (found === undefined || !(found.data instanceof Float32Array))
      throw new ArgumentError(`no column '${name}' of images`, {
        where: 'data.augment',
        expected: 'float32 numbers',
        received: found === undefined ? Object.keys(columns).join(', ') : 'int32',
      })
    const image = imageSize(size ?? found.shape, width(found.shape))
    const n = width(found.shape)
    const changed = found.data.slice()
    for (let i = 0; i < batch.size; i++) {
      const random = new Random(seed, epoch, index, i)
      let pixels = changed.subarray(i * n, (i + 1) * n)
      for (const step of steps) pixels = step(pixels, image, random) as typeof pixels
      if (pixels.length !== n)
        throw new ArgumentError('a step changed the size of an image', {
          where: 'data.augment',
          expected: `${n} numbers`,
          received: String(pixels.length),
        })
      changed.set(pixels, i * n)
    }
    return { size: batch.size, columns: { ...batch.columns, [name]: { data: changed, shape: found.shape } } }
  }
}

function imageSize(shape: readonly number[], n: number): ImageSize {
  const [channels, height, columns] = shape.length === 2 ? [1, ...shape] : shape
  const fits = shape.length === 2 || shape.length === 3
  if (!fits || channels === undefined || height === undefined || columns === undefined || width(shape) !== n)
    throw new ArgumentError('the rows are no images', {
      where: 'data.augment',
      expected: `[height, width] or [channels, height, width] of ${n} numbers`,
      received: `[${shape.join(', ')}]`,
      hint: 'Give the size of flat rows: { size: [28, 28] }.',
    })
  return { channels, height, width: columns }
}

function amount(where: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return
  throw new ArgumentError('not an amount that fits', {
    where,
    expected: `a number from ${least} to ${most}`,
    received: String(value),
  })
}

/** Moves the image by up to `most` whole pixels to each side; zeros come in (a random crop of the padded image). */
export function randomShift(most: number): Augmentation {
  amount('data.randomShift', most, 0, 65_536)
  const steps = 2 * Math.floor(most) + 1
  return (pixels, { channels, height, width }, random) => {
    const [down, right] = [random.below(steps) - (steps >> 1), random.below(steps) - (steps >> 1)]
    if (down === 0 && right === 0) return pixels
    const moved = new Float32Array(pixels.length)
    const [from, to] = [Math.max(0, -right), Math.min(width, width - right)]
    if (from >= to) return moved
    for (let channel = 0; channel < channels; channel++)
      for (let y = Math.max(0, -down); y < Math.min(height, height - down); y++) {
        const row = (channel * height + y) * width
        moved.set(pixels.subarray(row + from, row + to), row + down * width + from + right)
      }
    return moved
  }
}

/** Mirrors the image with a probability: left and right, or top and bottom. */
export function randomFlip(axis: 'horizontal' | 'vertical' = 'horizontal', probability = 0.5): Augmentation {
  amount('data.randomFlip', probability, 0, 1)
  if (axis !== 'horizontal' && axis !== 'vertical')
    throw new ArgumentError('no such axis', { where: 'data.randomFlip', expected: "'horizontal' or 'vertical'" })
  return (pixels, { channels, height, width }, random) => {
    if (random.uniform() >= probability) return pixels
    if (axis === 'horizontal') {
      for (let row = 0; row < channels * height; row++) pixels.subarray(row * width, (row + 1) * width).reverse()
      return pixels
    }
    const flipped = new Float32Array(pixels.length)
    for (let channel = 0; channel < channels; channel++)
      for (let y = 0; y < height; y++) {
        const row = (channel * height + y) * width
        flipped.set(pixels.subarray(row, row + width), (channel * height + height - 1 - y) * width)
      }
    return flipped
  }
}

/** Turns the image about its centre by up to so many degrees either way, bilinearly; zeros come in. */
export function randomRotation(degrees: number): Augmentation {
  amount('data.randomRotation', degrees, 0, 180)
  return (pixels, { channels, height, width }, random) => {
    const [sin, cos] = sinCos((random.between(-degrees, degrees) * Math.PI) / 180)
    const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2]
    const turned = new Float32Array(pixels.length)
    const at = (plane: number, y: number, x: number): number =>
      y < 0 || y >= height || x < 0 || x >= width ? 0 : (pixels[plane + y * width + x] as number)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const fromY = middleY + (y - middleY) * cos - (x - middleX) * sin
        const fromX = middleX + (y - middleY) * sin + (x - middleX) * cos
        const [top, left] = [Math.floor(fromY), Math.floor(fromX)]
        const [v, u] = [fromY - top, fromX - left]
        for (let channel = 0; channel < channels; channel++) {
          const plane = channel * height * width
          const above = at(plane, top, left) * (1 - u) + at(plane, top, left + 1) * u
          const below = at(plane, top + 1, left) * (1 - u) + at(plane, top + 1, left + 1) * u
          turned[plane + y * width + x] = above * (1 - v) + below * v
        }
      }
    return turned
  }
}

/** Adds to each number a normal one of that deviation. */
export function randomNoise(deviation: number): Augmentation {
  amount('data.randomNoise', deviation, 0, Number.MAX_VALUE)
  return (pixels, _, random) => pixels.map((value) => value + deviation * random.normal())
}

/** Puts zeros into a square of that many pixels a side, somewhere within the image, in all channels (cutout). */
export function randomErase(side: number): Augmentation {
  amount('data.randomErase', side, 1, 65_536)
  const n = Math.floor(side)
  return (pixels, { channels, height, width }, random) => {
    const [rows, columns] = [Math.min(n, height), Math.min(n, width)]
    const [top, left] = [random.below(height - rows + 1), random.below(width - columns + 1)]
    for (let channel = 0; channel < channels; channel++)
      for (let y = top; y < top + rows; y++) {
        const row = (channel * height + y) * width
        pixels.fill(0, row + left, row + left + columns)
      }
    return pixels
  }
}
