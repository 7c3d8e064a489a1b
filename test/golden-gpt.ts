import * as cr from '../src/index.ts'
import { asTensor } from './golden-adapter.ts'
import type { GoldenCase, GoldenTensor, Numbers, Result } from './helpers/golden.ts'

// The small transformer of the golden curves, as modules, trained as a user would train it.

type Given = Readonly<Record<string, GoldenTensor>>

const BLOCK: Readonly<Record<string, string>> = {
  'norm1.weight': 'ln1_w',
  'norm1.bias': 'ln1_b',
  'self_attn.in_proj_weight': 'qkv_w',
  'self_attn.in_proj_bias': 'qkv_b',
  'self_attn.out_proj.weight': 'o_w',
  'self_attn.out_proj.bias': 'o_b',
  'norm2.weight': 'ln2_w',
  'norm2.bias': 'ln2_b',
  'linear1.weight': 'f1_w',
  'linear1.bias': 'f1_b',
  'linear2.weight': 'f2_w',
  'linear2.bias': 'f2_b',
}
const TOP: Readonly<Record<string, string>> = {
  'tok.weight': 'tok',
  'pos.weight': 'pos',
  'norm.weight': 'lnf_w',
  'norm.bias': 'lnf_b',
  'head.weight': 'head_w',
}

/** The name of a golden weight for a path of the state dict. */
function goldenName(path: string): string {
  const [, layer, rest] = /^blocks\.(\d+)\.(.*)$/.exec(path) ?? []
  return rest === undefined ? TOP[path]! : `l${layer}.${BLOCK[rest]}`
}

class Gpt extends cr.nn.Module {
  tok: cr.nn.Embedding
  pos: cr.nn.PositionalEmbedding
  blocks: cr.nn.TransformerEncoderLayer[]
  norm: cr.nn.LayerNorm
  head: cr.nn.Linear

  constructor(letters: number, context: number, width: number) {
    super()
    this.tok = cr.nn.embedding(letters, width)
    this.pos = cr.nn.positionalEmbedding(context, width)
    const options = { causal: true, normFirst: true, activation: 'geluTanh', dropout: 0 } as const
    this.blocks = [0, 1].map(() => cr.nn.transformerEncoderLayer(width, 2, options))
    this.norm = cr.nn.layerNorm(width)
    this.head = cr.nn.linear(width, letters, { bias: false })
  }

  override forward(x: cr.Tensor): cr.Tensor {
    const embedded = this.pos.forward(this.tok.forward(x))
    return this.head.forward(this.norm.forward(this.blocks.reduce((h, block) => block.forward(h), embedded)))
  }
}

/** Row t of a tensor whose first axis counts batches. */
const row = (t: GoldenTensor, index: number): Int32Array => {
  const size = t.data.length / t.shape[0]!
  return Int32Array.from((t.data as Float32Array).subarray(index * size, (index + 1) * size), Number)
}

/** Losses and the weights at the end. */
export function gptCurve(c: GoldenCase, given: Given, { x, y }: Given): Result {
  const [letters, width] = given['tok']!.shape as [number, number]
  const model = new Gpt(letters, given['pos']!.shape[0]!, width)
  const paths = [...model.namedParameters()].map(([path]) => path)
  const data = (name: string): Float32Array => asTensor(given[name]!).dataSync() as Float32Array
  return cr.scope(() => {
    model.loadStateDict(
      paths.map(
        (path) => [path, { shape: [...given[goldenName(path)]!.shape], data: data(goldenName(path)) }] as const,
      ),
    )
    const settings = c.optimizer as { lr: number; betas: [number, number]; eps: number; weight_decay: number }
    const { lr, betas, eps, weight_decay: weightDecay } = settings
    const optimizer = cr.optim.adamw(model, { lr, betas, eps, weightDecay })
    const shape = x!.shape.slice(1) as [number, number]
    const step = cr.capture(
      (batch) => {
        const { value, grads } = cr.valueAndGrad(() => {
          const logits = model.forward(batch.x)
          return cr.crossEntropy(logits.reshape([batch.x.size, letters]), batch.y.reshape([batch.y.size]))
        }, model)
        optimizer.step(grads)
        return { loss: value }
      },
      { x: cr.spec(shape, 'int32'), y: cr.spec(shape, 'int32') },
    )
    const loss = Array.from({ length: c.steps! }, (_, t) => {
      const batch = t % x!.shape[0]!
      return step.run({ x: row(x!, batch), y: row(y!, batch) }).loss[0] as number
    })
    const outputs = Object.fromEntries(
      [...model.namedParameters()].map(([path, w]): [string, Numbers] => {
        const turned = w.rank === 2 && !/^(tok|pos)/.test(path) ? w.transpose() : w
        return [goldenName(path), { shape: turned.shape, data: turned.dataSync() }]
      }),
    )
    step.dispose()
    for (const variable of optimizer.state().values()) variable.dispose()
    model.dispose()
    return { loss, outputs }
  })
}
