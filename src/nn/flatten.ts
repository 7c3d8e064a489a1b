import { ShapeError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'
import { inside, Module } from './module.ts'

/** Keeps the first axis (the batch) and makes one of all the others. */
export class Flatten extends Module {
  override get kind(): string {
    return 'flatten'
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => {
      const [rows] = x.shape
      if (rows === undefined)
        throw new ShapeError('nothing to flatten', { expected: 'a batch of at least one axis', received: '[]' })
      return x.rank === 2 ? x : x.reshape([rows, x.shape.slice(1).reduce((product, n) => product * n, 1)])
    })
  }
}

export const flatten = (): Flatten => new Flatten()
