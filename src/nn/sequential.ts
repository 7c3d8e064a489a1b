import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'
import { inside, type Layer, locating, Module } from './module.ts'

/** Layers one after the other; their names are their positions, as in PyTorch. */
export class Sequential extends Module {
  readonly layers: readonly Layer[]

  constructor(layers: readonly Layer[]) {
    super()
    const list: readonly unknown[] = Array.isArray(layers) ? layers : ['no array']
    list.forEach((layer, i) => {
      if (!(layer instanceof Module))
        throw new ArgumentError(`element ${i} is not a layer`, {
          where: 'nn.sequential',
          expected: 'an array of modules such as nn.linear(64, 10)',
          received: typeof layer === 'function' ? 'a function (call it)' : String(layer),
        })
    })
    this.layers = [...layers]
  }

  override get kind(): string {
    return 'sequential'
  }

  override children(): Iterable<readonly [string, unknown]> {
    const own = Object.entries(this).filter(([name]) => name !== 'layers')
    return [...this.layers.map((layer, i) => [String(i), layer] as const), ...own]
  }

  override forward(x: Tensor): Tensor {
    return locating(this, () => this.layers.reduce((y, layer) => inside(layer, [], () => layer.forward(y)), x))
  }
}

export const sequential = (layers: readonly Layer[]): Sequential => new Sequential(layers)
