import { ArgumentError, ShapeError } from '../errors.ts'
import { apply, checkTensor } from '../ops/apply.ts'
import { tensor, zeros } from '../ops/create.ts'
import { concat, dropout, gru as gruOp, lessEqual, lstm as lstmOp, rnn as rnnOp, where } from '../ops/functions.ts'
import { rate } from '../ops/random.ts'
import { shapeOps } from '../ops/shape.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { drawn } from './initializers.ts'
import { type FieldLayout, inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

export interface RecurrentOptions {
  /** Layers on top of each other. Default 1. */
  readonly layers?: number
  /** A second set of weights runs from the last step to the first; outputs are joined. Default false. */
  readonly bidirectional?: boolean
  /** Default true. */
  readonly bias?: boolean
  /** Sequences are [batch, time, ..]; false: [time, batch, ..]. Default true. */
  readonly batchFirst?: boolean
  /** Between layers, while training. Default 0. */
  readonly dropout?: number
}

/** States to start from, [layers * directions, batch, hidden]; zeros by default. `c` is for the LSTM. */
export interface RecurrentState {
  readonly h?: Tensor | undefined
  readonly c?: Tensor | undefined
}

export interface SequenceLengths {
  /**
   * How many steps of each sequence count, int32 [batch], each from 1 to the number of steps: outputs after them are 0, the
   * last states are those after them, and the other direction begins with them. PyTorch's packed sequences, unpacked.
   */
  readonly lengths?: Tensor | undefined
}

/** Outputs of all steps of the last layer, and the last states of all layers. */
export interface RecurrentResult {
  readonly y: Tensor
  readonly h: Tensor
  readonly c?: Tensor
}

interface Direction {
  readonly y: Tensor
  readonly h: Tensor
  readonly c?: Tensor
  /** States after each step; those of the cells, where there are any. */
  readonly all: Tensor
  readonly cells?: Tensor
}

/** What RNN, GRU and LSTM share: PyTorch's parameters by name, layers, directions. */
export abstract class Recurrent extends Module {
  readonly inputs: number
  readonly hidden: number
  readonly layers: number
  readonly bidirectional: boolean
  readonly batchFirst: boolean
  readonly dropout: number
  /** By PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then _reverse and l1, .. */
  readonly weights: Readonly<Record<string, Parameter>>
  protected readonly gates: number

  constructor(gates: number, inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super()
    const {
      layers = 1,
      bidirectional = false,
      bias = true,
      batchFirst = true,
      dropout = 0,
    } = known(`nn.${this.kind}`, options, 'layers bidirectional bias batchFirst dropout')
    checkSizes(`nn.${this.kind}`, { inputs, hidden, layers })
    rate(dropout, `nn.${this.kind}.dropout`)
    this.gates = gates
    this.inputs = inputs
    this.hidden = hidden
    this.layers = layers
    this.bidirectional = bidirectional
    this.batchFirst = batchFirst
    this.dropout = dropout
    const fan = { inputs: hidden, outputs: hidden }
    const weights: Record<string, Parameter> = {}
    for (const [layer, suffix] of this.parts()) {
      const width = layer === 0 ? inputs : hidden * this.directions
      weights[`weight_ih_${suffix}`] = drawn('fanIn', [width, gates * hidden], fan)
      weights[`weight_hh_${suffix}`] = drawn('fanIn', [hidden, gates * hidden], fan)
      if (!bias) continue
      weights[`bias_ih_${suffix}`] = drawn('fanIn', [gates * hidden], fan)
      weights[`bias_hh_${suffix}`] = drawn('fanIn', [gates * hidden], fan)
    }
    this.weights = weights
  }

  private get directions(): number {
    return this.bidirectional ? 2 : 1
  }

  private *parts(): Generator<readonly [layer: number, suffix: string, reverse: boolean]> {
    for (let layer = 0; layer < this.layers; layer++) {
      yield [layer, `l${layer}`, false]
      if (this.bidirectional) yield [layer, `l${layer}_reverse`, true]
    }
  }

  override children(): Iterable<readonly [string, unknown]> {
    return Object.entries(this.weights)
  }

  override layout(field: string): FieldLayout {
    return field.startsWith('weight') ? { axes: [1, 0] } : {}
  }

  /** Outputs of all steps. */
  override forward(x: Tensor): Tensor {
    return this.run(x).y
  }

  /** Outputs of all steps and the last states, from given states, of sequences of given lengths. */
  run(x: Tensor, options: RecurrentState & SequenceLengths = {}): RecurrentResult {
    const { lengths, ...state } = known(`nn.${this.kind}`, options, 'h c lengths')
    return inside(this, [x], () => {
      this.check(x, state)
      let sequence = this.batchFirst ? x.transpose([1, 0, 2]) : x
      const cut = lengths === undefined ? undefined : cutOf(this.kind, sequence, lengths)
      const h: Tensor[] = []
      const c: Tensor[] = []
      let index = 0
      let outputs: Tensor[] = []
      for (const [, suffix, reverse] of this.parts()) {
        const from = (states: Tensor | undefined): Tensor =>
          states === undefined
            ? zeros([sequence.shape[1] as number, this.hidden], { engine: x.engine })
            : states.slice([index], [index + 1]).reshape([sequence.shape[1] as number, this.hidden])
        const made =
          cut === undefined
            ? this.direction(sequence, suffix, reverse, from(state.h), () => from(state.c))
            : this.cutDirection(cut, sequence, suffix, reverse, from(state.h), () => from(state.c))
        outputs.push(made.y)
        h.push(made.h)
        if (made.c !== undefined) c.push(made.c)
        index++
        if (outputs.length < this.directions) continue
        sequence = outputs.length === 1 ? (outputs[0] as Tensor) : concat(outputs, 2)
        outputs = []
        if (index < this.layers * this.directions && this.training && this.dropout > 0)
          sequence = dropout(sequence, this.dropout)
      }
      return {
        y: this.batchFirst ? sequence.transpose([1, 0, 2]) : sequence,
        h: concat(h, 0),
        ...(c.length === 0 ? {} : { c: concat(c, 0) }),
      }
    })
  }

  private check(x: Tensor, state: RecurrentState): void {
    const where = `nn.${this.kind}(${this.inputs}, ${this.hidden})`
    const time = this.batchFirst ? 1 : 0
    if (x.rank !== 3 || x.shape[2] !== this.inputs || x.shape[time] === 0)
      throw new ShapeError('the input does not fit the layer', {
        where,
        expected: `${this.batchFirst ? '[batch, time' : '[time, batch'}, ${this.inputs}] with at least one step`,
        received: `[${x.shape.join(', ')}]`,
      })
    const shape = [this.layers * this.directions, x.shape[1 - time], this.hidden]
    for (const [name, states] of Object.entries(state) as [string, Tensor | undefined][])
      if (states !== undefined && String(checkTensor(states, `${where}.${name}`).shape) !== String(shape))
        throw new ShapeError(`the states ${name} do not fit the layer`, {
          where,
          expected: `[${shape.join(', ')}]`,
          received: `[${states.shape.join(', ')}]`,
        })
  }

  /** The products of all steps' inputs with the weights, biases `bias_*` included where the layer has them. */
  protected products(x: Tensor, suffix: string, ...biases: readonly ('ih' | 'hh')[]): Tensor {
    const product = x.matmul(this.weights[`weight_ih_${suffix}`] as Parameter)
    const terms = biases.flatMap((name): readonly Tensor[] => {
      const bias = this.weights[`bias_${name}_${suffix}`]
      return bias === undefined ? [] : [bias]
    })
    return terms.length === 0 ? product : product.add(terms.reduce((sum, bias) => sum.add(bias)))
  }

  /** A direction over sequences of their own lengths: backwards they are turned, and the results turned again. */
  private cutDirection(
    { turn, only, last }: Cut,
    x: Tensor,
    suffix: string,
    reverse: boolean,
    h0: Tensor,
    c0: () => Tensor,
  ): Direction {
    const { all, cells } = this.direction(reverse ? turn(x) : x, suffix, false, h0, c0)
    const y = only(all)
    return { y: reverse ? turn(y) : y, h: last(all), ...(cells === undefined ? {} : { c: last(cells) }), all }
  }

  protected abstract direction(x: Tensor, suffix: string, reverse: boolean, h0: Tensor, c0: () => Tensor): Direction
}

/** What lengths make of sequences [time, batch, ..]. */
interface Cut {
  /** The steps that count in the opposite order, the others where they are. */
  turn(x: Tensor): Tensor
  /** 0 in the steps that do not count. */
  only(x: Tensor): Tensor
  /** The last step that counts, [1, batch, ..]. */
  last(x: Tensor): Tensor
}

function cutOf(kind: string, sequence: Tensor, lengths: Tensor): Cut {
  const [time, batch] = sequence.shape as [number, number, number]
  if (checkTensor(lengths, `nn.${kind}`).dtype !== 'int32' || String(lengths.shape) !== String([batch]))
    throw new ShapeError('the lengths do not fit the sequences', {
      where: `nn.${kind}.lengths`,
      expected: `int32 [${batch}]`,
      received: `${lengths.dtype} [${lengths.shape.join(', ')}]`,
    })
  const upTo = (n: number): Tensor =>
    tensor(
      Int32Array.from({ length: n }, (_, i) => i),
      [n],
      { engine: sequence.engine },
    )
  const columns = upTo(batch)
  const numbers = upTo(time)
  const steps = numbers.reshape([time, 1])
  // Looked up, so that a length out of range is an error, and one that names what is wrong.
  const final = apply(shapeOps.gather, [numbers, lengths.sub(1)], { axis: 0, fn: `by nn.${kind}.lengths - 1` })
  const counts = lessEqual(steps, final)
  /** Of each sequence the steps given as int32 [.., batch]. */
  const pick = (x: Tensor, at: Tensor): Tensor => {
    const rows = x.reshape([time * batch, x.shape[2] as number])
    return rows.gather(at.mul(batch).add(columns))
  }
  const turned = where(counts, final.sub(steps), steps)
  return {
    turn: (x) => pick(x, turned),
    only: (x) => where(counts.reshape([time, batch, 1]), x, 0),
    last: (x) => pick(x, final.reshape([1, batch])),
  }
}

/** The state after the last step in walking order, as [1, rows, n]. */
const lastOf = (y: Tensor, reverse: boolean): Tensor => (reverse ? y.slice([0], [1]) : y.slice([-1]))

/** h = f(x W_ih + b_ih + h W_hh + b_hh), f = tanh or relu (Elman 1990). */
export class RNN extends Recurrent {
  readonly activation: 'tanh' | 'relu'

  constructor(
    inputs: number,
    hidden: number,
    options: RecurrentOptions & { readonly activation?: 'tanh' | 'relu' } = {},
  ) {
    const { activation = 'tanh', ...shared } = known(
      'nn.rnn',
      options,
      'activation layers bidirectional bias batchFirst dropout',
    )
    if (activation !== 'tanh' && activation !== 'relu')
      throw new ArgumentError('unknown activation', {
        where: 'nn.rnn',
        expected: "'tanh' or 'relu'",
        received: String(activation),
      })
    super(1, inputs, hidden, shared)
    this.activation = activation
  }
  override get kind(): string {
    return 'rnn'
  }
  protected override direction(x: Tensor, suffix: string, reverse: boolean, h0: Tensor): Direction {
    const w = this.weights[`weight_hh_${suffix}`] as Parameter
    const y = rnnOp(this.products(x, suffix, 'ih', 'hh'), w, h0, { activation: this.activation, reverse })
    return { y, h: lastOf(y, reverse), all: y }
  }
}

/** Gated recurrent units with PyTorch's gates r, z, n: the reset gate acts after the product with the state (Cho et al. 2014). */
export class GRU extends Recurrent {
  constructor(inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super(3, inputs, hidden, options)
  }
  override get kind(): string {
    return 'gru'
  }
  protected override direction(x: Tensor, suffix: string, reverse: boolean, h0: Tensor): Direction {
    const w = this.weights[`weight_hh_${suffix}`] as Parameter
    const bias = this.weights[`bias_hh_${suffix}`] ?? zeros([3 * this.hidden], { engine: x.engine })
    const y = gruOp(this.products(x, suffix, 'ih'), w, h0, bias, { reverse })
    return { y, h: lastOf(y, reverse), all: y }
  }
}

/** Long short-term memory with PyTorch's gates i, f, g, o (Hochreiter and Schmidhuber 1997). */
export class LSTM extends Recurrent {
  constructor(inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super(4, inputs, hidden, options)
  }
  override get kind(): string {
    return 'lstm'
  }
  protected override direction(x: Tensor, suffix: string, reverse: boolean, h0: Tensor, c0: () => Tensor): Direction {
    const w = this.weights[`weight_hh_${suffix}`] as Parameter
    const { h, c } = lstmOp(this.products(x, suffix, 'ih', 'hh'), w, h0, c0(), { reverse })
    return { y: h, h: lastOf(h, reverse), c: lastOf(c, reverse), all: h, cells: c }
  }
}

export const rnn = (
  inputs: number,
  hidden: number,
  options: RecurrentOptions & { readonly activation?: 'tanh' | 'relu' } = {},
): RNN => new RNN(inputs, hidden, options)
export const gru = (inputs: number, hidden: number, options: RecurrentOptions = {}): GRU =>
  new GRU(inputs, hidden, options)
export const lstm = (inputs: number, hidden: number, options: RecurrentOptions = {}): LSTM =>
  new LSTM(inputs, hidden, options)
