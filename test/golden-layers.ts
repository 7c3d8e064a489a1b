import * as cr from '../src/index.ts'
import { type Attrs, asTensor, numbers } from './golden-adapter.ts'
import type { GoldenCase, GoldenTensor, Numbers, Result } from './helpers/golden.ts'

// Layers of the golden cases as modules with PyTorch's state: names and layouts are checked along the way.

type Given = Readonly<Record<string, GoldenTensor>>
type Named = Readonly<Record<string, cr.Tensor>>

interface Built {
  readonly module: cr.nn.Module
  /** Golden name of each entry of the state dict. */
  readonly names: Readonly<Record<string, string>>
  readonly forward: (inputs: Named) => Named
}

/** [rows, n] as the states of the only layer, and back. */
const lift = (t: cr.Tensor | undefined): cr.Tensor => t!.reshape([1, ...t!.shape])
const flat = (t: cr.Tensor): cr.Tensor => t.reshape(t.shape.slice(1))

function recurrent(module: cr.nn.Recurrent): Built {
  const names = Object.keys(module.weights).map((name) => [name, name.replace('_l0', '')])
  return {
    module,
    names: Object.fromEntries(names),
    forward({ x, h0, c0 }) {
      const { y, h, c } = module.run(x!, { h: lift(h0), ...(c0 === undefined ? {} : { c: lift(c0) }) })
      return { y, h_n: flat(h), ...(c === undefined ? {} : { c_n: flat(c) }) }
    },
  }
}

const sizeOf = (given: Given, name: string, axis: number): number => given[name]!.shape[axis]!

const builders: Readonly<Record<string, (given: Given, attrs: Attrs) => Built>> = {
  linear(given, attrs) {
    const module = cr.nn.linear(sizeOf(given, 'weight', 1), sizeOf(given, 'weight', 0), {
      bias: attrs['bias'] === true,
    })
    return { module, names: { weight: 'weight', bias: 'bias' }, forward: ({ x }) => ({ y: module.forward(x!) }) }
  },
  batch_norm(given, attrs) {
    const module = cr.nn.batchNorm(sizeOf(given, 'weight', 0), {
      eps: attrs['eps'] as number,
      momentum: attrs['momentum'] as number,
    })
    module.train(attrs['training'] === true)
    const names = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => [name, name])
    return {
      module,
      names: Object.fromEntries(names),
      forward({ x }) {
        const y = module.forward(x!)
        return { y, running_mean: module.running_mean, running_var: module.running_var }
      },
    }
  },
  embedding(given, attrs) {
    const padding = attrs['padding_idx'] as number | null
    const module = cr.nn.embedding(sizeOf(given, 'weight', 0), sizeOf(given, 'weight', 1), {
      ...(padding === null ? {} : { paddingIndex: padding }),
    })
    return { module, names: { weight: 'weight' }, forward: ({ indices }) => ({ y: module.forward(indices!) }) }
  },
  multi_head_attention(_given, attrs) {
    const module = cr.nn.multiHeadAttention(attrs['embed_dim'] as number, attrs['num_heads'] as number, {
      causal: attrs['causal'] === true,
    })
    const names = {
      in_proj_weight: 'in_proj_weight',
      in_proj_bias: 'in_proj_bias',
      'out_proj.weight': 'out_proj_weight',
      'out_proj.bias': 'out_proj_bias',
    }
    return { module, names, forward: ({ x }) => ({ y: module.forward(x!) }) }
  },
  layer_norm(given, attrs) {
    const module = cr.nn.layerNorm(given['weight']!.data.length, { eps: attrs['eps'] as number })
    return { module, names: { weight: 'weight', bias: 'bias' }, forward: ({ x }) => ({ y: module.forward(x!) }) }
  },
  rnn_tanh: (given) => recurrent(cr.nn.rnn(sizeOf(given, 'x', 2), sizeOf(given, 'h0', 1))),
  gru: (given) => recurrent(cr.nn.gru(sizeOf(given, 'x', 2), sizeOf(given, 'h0', 1))),
  lstm: (given) => recurrent(cr.nn.lstm(sizeOf(given, 'x', 2), sizeOf(given, 'h0', 1))),
}

/** Outputs and gradients of a layer; undefined where there is none of its kind. */
export function layer(c: GoldenCase, given: Given, gradOutputs: Given): Result | undefined {
  const build = Object.hasOwn(builders, c.op) ? builders[c.op] : undefined
  if (build === undefined) return undefined
  return cr.scope(() => {
    const { module, names, forward } = build(given, c.attrs ?? {})
    const state = Object.entries(names).flatMap(([path, name]) => {
      const t = given[name]
      return t === undefined
        ? []
        : [[path, { shape: [...t.shape], data: Float32Array.from(t.data as Float32Array) }] as const]
    })
    module.loadStateDict(state)
    const stored = new Set(Object.values(names))
    const inputs = Object.fromEntries(
      Object.entries(given).flatMap(([name, t]) => (stored.has(name) ? [] : [[name, asTensor(t)] as const])),
    )
    const outputs = Object.fromEntries(Object.entries(forward(inputs)).map(([name, t]) => [name, numbers(t)]))
    const parameters = Object.fromEntries(module.namedParameters())
    const floats = Object.fromEntries(Object.entries(inputs).filter(([, t]) => t.dtype === 'float32'))
    const weights = Object.entries(gradOutputs).map(([name, t]) => [name, asTensor(t)] as const)
    const grads = cr.gradients(
      () => {
        const made = forward(inputs)
        return weights.map(([name, w]) => made[name]!.mul(w).sum()).reduce((sum, part) => sum.add(part))
      },
      { ...parameters, ...floats },
    )
    const found: Record<string, Numbers> = {}
    for (const [path, g] of Object.entries(grads)) {
      // the layout of the state dict
      const name = names[path] ?? path
      const turned = g.rank === 2 && stored.has(name) && c.op !== 'embedding'
      found[name] = numbers(turned ? g.transpose() : g)
    }
    module.dispose()
    return { outputs, grads: found }
  })
}
