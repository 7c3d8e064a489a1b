import { ArgumentError, DataError } from '../errors.ts'
import { listFolder, readFile } from '../io/node-files.ts'
import { reason } from '../io/read.ts'
import { known } from '../options.ts'
import { Pipeline } from './pipeline.ts'

/** An image as decoders give it: rows of pixels, each `channels` numbers. */
export interface DecodedImage {
  readonly width: number
  readonly height: number
  readonly channels: number
  /** 0 to 255 where they are bytes; floats are taken as they are. */
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array
}

export interface ImageFolderOptions {
  /** Makes an image of the bytes of a file: of a library of your choice. */
  decode(bytes: Uint8Array, path: string): DecodedImage | Promise<DecodedImage>
  /** 1: grey, 3: colours without alpha. Default: what the first image has. */
  channels?: 1 | 3 | undefined
  /** Ends of the names of image files. Default: png, jpg, jpeg, gif, webp, bmp. */
  extensions?: readonly string[] | undefined
}

export interface ImageFolder {
  /** Names of the class folders, sorted; a label is a place in them. */
  readonly classes: readonly string[]
  /** Number of images. */
  readonly size: number
  /** [channels, height, width] */
  readonly shape: readonly number[]
  /** Images x from 0 to 1, one plane a channel, and labels y, class after class, each file read when it is its turn. */
  readonly examples: Pipeline<{ readonly x: Float32Array; readonly y: Int32Array }>
}

const EXTENSIONS = ['png', 'jpg', 'jpeg', 'gif', 'webp', 'bmp'] as const

/**
 * Images in a folder for each class: `cats/1.png`, `dogs/7.jpg`. All must have one size. The order is that of their
 * names, in every runtime; shuffle the examples with a buffer that reaches over the classes.
 */
export async function imageFolder(path: string, options: ImageFolderOptions): Promise<ImageFolder> {
  const { decode, channels, extensions = EXTENSIONS } = known('imageFolder', options, 'decode channels extensions')
  if (typeof decode !== 'function')
    throw new ArgumentError('no decoder', { where: 'imageFolder', expected: 'decode(bytes, path)' })
  if (channels !== undefined && channels !== 1 && channels !== 3)
    throw new ArgumentError('no number of channels', {
      where: 'imageFolder',
      expected: '1 or 3',
      received: String(channels),
    })
  const ends = extensions.map((end) => `.${end.toLowerCase()}`)
  const classes: string[] = []
  const files: { readonly path: string; readonly label: number }[] = []
  for (const name of await listFolder(path)) {
    const inside = await listFolder(`${path}/${name}`).catch(filesAreNoFolders)
    const images = inside.filter(
      (file) => !file.startsWith('.') && ends.some((end) => file.toLowerCase().endsWith(end)),
    )
    for (const file of images) files.push({ path: `${path}/${name}/${file}`, label: classes.length })
    if (images.length > 0) classes.push(name)
  }
  const [first] = files
  if (first === undefined || classes.length < 2)
    throw new DataError('no images of classes', {
      where: path,
      expected: `at least two folders with files in ${ends.join(', ')}`,
      received: classes.length === 0 ? 'none' : `the folder ${classes[0]} alone`,
    })
  const read = async (file: string): Promise<Planes> => {
    const bytes = await readFile(file)
    let image: DecodedImage
    try {
      image = await decode(bytes, file)
    } catch (cause) {
      throw new DataError(`cannot be decoded: ${reason(cause)}`, { where: file, cause })
    }
    return planesOf(image, channels, file)
  }
  const { shape } = await read(first.path)
  const open = async function* (): AsyncGenerator<{ x: Float32Array; y: Int32Array }> {
    for (const { path: file, label } of files) {
      const image = await read(file)
      if (image.shape.some((size, axis) => size !== shape[axis]))
        throw new DataError('an image of another size', {
          where: file,
          expected: `[${shape.join(', ')}] (channels, height, width), as ${first.path}`,
          received: `[${image.shape.join(', ')}]`,
        })
      yield { x: image.data, y: Int32Array.of(label) }
    }
  }
  return {
    classes,
    size: files.length,
    shape,
    examples: new Pipeline(open, { steady: true, shapes: new Map([['x', shape]]) }),
  }
}

function filesAreNoFolders(error: unknown): string[] {
  const { cause } = error as { cause?: { code?: unknown } }
  if (cause?.code === 'ENOTDIR') return []
  throw error
}

interface Planes {
  readonly shape: readonly [number, number, number]
  readonly data: Float32Array
}

function planesOf({ width, height, channels, data }: DecodedImage, wanted: number | undefined, path: string): Planes {
  const pixels = width * height
  const sizes = [width, height, channels].every((n) => Number.isSafeInteger(n) && n >= 1)
  if (!sizes || data.length !== pixels * channels)
    throw new DataError('the decoder gave no image', {
      where: path,
      expected: 'width * height * channels numbers',
      received: `${data?.length} for ${width} x ${height} x ${channels}`,
    })
  const planes = wanted ?? channels
  if (planes !== channels && channels !== 3 && channels !== 4)
    throw new DataError('an image without colours', {
      where: path,
      expected: `${planes} channels`,
      received: String(channels),
    })
  const unit = data instanceof Float32Array ? 1 : 1 / 255
  const out = new Float32Array(planes * pixels)
  for (let i = 0; i < pixels; i++) {
    const at = i * channels
    if (planes === 1 && channels > 1) {
      const [red, green, blue] = [data[at], data[at + 1], data[at + 2]] as [number, number, number]
      out[i] = (0.299 * red + 0.587 * green + 0.114 * blue) * unit
    } else for (let plane = 0; plane < planes; plane++) out[plane * pixels + i] = (data[at + plane] as number) * unit
  }
  return { shape: [planes, height, width], data: out }
}
