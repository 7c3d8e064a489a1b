import { ShapeError } from '../errors.ts'
import { checkTensor } from '../ops/apply.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import { type FieldLayout, inside, Module } from './module.ts'
import { GRU, LSTM, type Recurrent, RNN } from './recurrent.ts'

/** States of one step, [batch, hidden]; `c` is the LSTM's. */
export interface CellState {
  readonly h: Tensor
  readonly c?: Tensor
}

/** One step of a recurrent layer, for loops of one's own: x [batch, inputs] and the states before to the states after. */
export class RecurrentCell extends Module {
  readonly #layer: Recurrent

  constructor(layer: Recurrent) {
    super()
    this.#layer = layer
  }

  override get kind(): string {
    return `${this.#layer.kind}Cell`
  }

  /** PyTorch's names for cells: weight_ih, weight_hh, bias_ih, bias_hh. */
  override children(): Iterable<readonly [string, unknown]> {
    return Object.entries(this.#layer.weights).map(([name, weight]) => [name.replace('_l0', ''), weight] as const)
  }

  override layout(field: string): FieldLayout {
    return this.#layer.layout(field)
  }

  /** The states after one step; without `state` from zeros. */
  override forward(x: Tensor, state?: CellState): CellState {
    return inside(this, [x], () => {
      const { inputs } = this.#layer
      if (x.rank !== 2 || x.shape[1] !== inputs)
        throw new ShapeError('the input does not fit the cell', {
          where: `nn.${this.kind}`,
          expected: `[batch, ${inputs}]`,
          received: `[${x.shape.join(', ')}]`,
        })
      const lift = (t: Tensor | undefined): Tensor | undefined =>
        t === undefined ? t : checkTensor(t, `nn.${this.kind}`).reshape([1, ...t.shape])
      const { h, c } = this.#layer.run(x.reshape([x.shape[0] as number, 1, inputs]), {
        h: lift(state?.h),
        c: lift(state?.c),
      })
      const flat = (t: Tensor): Tensor => t.reshape(t.shape.slice(1))
      return { h: flat(h), ...(c === undefined ? {} : { c: flat(c) }) }
    })
  }
}

export interface CellOptions {
  /** Default true. */
  readonly bias?: boolean
}

export const rnnCell = (
  inputs: number,
  hidden: number,
  options: CellOptions & { readonly activation?: 'tanh' | 'relu' } = {},
): RecurrentCell => new RecurrentCell(new RNN(inputs, hidden, known('nn.rnnCell', options, 'bias activation')))
export const gruCell = (inputs: number, hidden: number, options: CellOptions = {}): RecurrentCell =>
  new RecurrentCell(new GRU(inputs, hidden, known('nn.gruCell', options, 'bias')))
export const lstmCell = (inputs: number, hidden: number, options: CellOptions = {}): RecurrentCell =>
  new RecurrentCell(new LSTM(inputs, hidden, known('nn.lstmCell', options, 'bias')))
