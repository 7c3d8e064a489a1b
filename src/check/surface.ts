import { GradientError } from '../errors.ts'
import { Evaluation, type Feed, type GraphNode, type GraphValue, kinks, type Observer } from '../reference/index.ts'
import type { Probe } from './slope.ts'

/** A traced loss in f64, to be looked at from other parameters than its own. */
export class Surface {
  readonly #evaluation: Evaluation
  readonly #pieces: Map<GraphNode, Float64Array> = new Map()
  readonly loss: number

  constructor(loss: GraphValue, feed: Feed, fixed: ReadonlySet<GraphValue>) {
    this.#evaluation = new Evaluation([loss], feed, fixed)
    const [value] = this.#evaluation.replay((node, inputs, outputs) => {
      const pieces = kinks[node.op.name]
      if (pieces !== undefined) this.#pieces.set(node, pieces(inputs, node.attrs, outputs))
      return undefined
    })
    if (value?.data.length !== 1) {
      throw new GradientError('a gradient is that of one number', {
        expected: 'a loss with one element',
        received: `shape [${loss.shape}]`,
        hint: 'Sum or average the result first.',
      })
    }
    this.loss = value.data[0] as number
  }

  /** Whether the loss depends on the leaf at all. */
  dependsOn(leaf: GraphValue): boolean {
    return this.#evaluation.leaves.includes(leaf)
  }

  /** The numbers of a leaf. */
  at(leaf: GraphValue): Float64Array {
    return this.#evaluation.value(leaf).data
  }

  /** The loss with `leaf` moved by t along `direction`. */
  along(leaf: GraphValue, direction: Float64Array): Probe {
    const start = this.at(leaf)
    return (t) =>
      this.#sample(
        leaf,
        start.map((x, i) => x + t * (direction[i] as number)),
      )
  }

  /** The loss with one element of `leaf` moved by t. */
  element(leaf: GraphValue, index: number): Probe {
    const start = this.at(leaf)
    return (t) => {
      const moved = start.slice()
      moved[index] = (moved[index] as number) + t
      return this.#sample(leaf, moved)
    }
  }

  #sample(leaf: GraphValue, numbers: Float64Array): { loss: number; smooth: boolean } {
    let smooth = true
    const observer: Observer = (node, inputs, outputs) => {
      const before = this.#pieces.get(node)
      if (before === undefined || !smooth) return undefined
      const now = kinks[node.op.name]?.(inputs, node.attrs, outputs)
      smooth = now?.every((piece, i) => piece === before[i]) ?? true
      return undefined
    }
    const [value] = this.#evaluation.outputs(leaf, numbers, observer)
    return { loss: value?.data[0] as number, smooth }
  }
}
