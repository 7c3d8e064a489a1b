// The workloads in jax-js (https://jax-js.com), jitted, on its WebAssembly backend. Its own convolution is some 20 times
// slower than one written as a product of patches, so `--patches` takes the latter.
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'
import { oneHot, serve, transposed } from './protocol.mjs'

const patches = process.argv.includes('--patches')
await init('wasm')
defaultDevice('wasm')

const array = (data, shape) => np.array(data).reshape(shape)

/** x [B, in] times w [in, out] plus b. */
const linear = (x, w, b) => np.matmul(x, w.ref).add(b.ref)

function mlp(p, x, { sizes, activation }) {
  for (let i = 0; i < sizes.length - 1; i++) {
    x = linear(x, p[2 * i], p[2 * i + 1])
    if (i < sizes.length - 2) x = activation === 'relu' ? nn.relu(x) : np.tanh(x)
  }
  return x
}

function conv(x, w, b) {
  const [n, c, h, width] = x.shape
  const [out] = w.shape
  const [p, q] = [h - 2, width - 2]
  if (!patches) return lax.convGeneralDilated(x, w.ref, [1, 1], 'VALID').add(b.ref.reshape([1, out, 1, 1]))
  const parts = []
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) parts.push(x.ref.slice([], [], [i, i + p], [j, j + q]).reshape([n, c, 1, p, q]))
  x.dispose()
  const columns = np
    .concatenate(parts, 2)
    .transpose([0, 3, 4, 1, 2])
    .reshape([n * p * q, c * 9])
  const y = np.matmul(columns, w.ref.reshape([out, c * 9]).transpose()).add(b.ref)
  return y.reshape([n, p, q, out]).transpose([0, 3, 1, 2])
}

function pool(x) {
  const [n, c, h, w] = x.shape
  const [p, q] = [Math.floor(h / 2), Math.floor(w / 2)]
  return np.max(x.slice([], [], [0, 2 * p], [0, 2 * q]).reshape([n, c, p, 2, q, 2]), [3, 5])
}

function cnn(p, x) {
  x = pool(nn.relu(conv(x, p[0], p[1])))
  x = pool(nn.relu(conv(x, p[2], p[3])))
  x = x.reshape([x.shape[0], 1600])
  return linear(nn.relu(linear(x, p[4], p[5])), p[6], p[7])
}

function layerNorm(x, g, b) {
  return nn.standardize(x, -1, { epsilon: 1e-5 }).mul(g.ref).add(b.ref)
}

function gpt(p, x, { width, heads, layers, context, batch }, names) {
  const of = (name) => p[names.indexOf(name)]
  const size = width / heads
  let h = np.matmul(x, of('tokens.weight').ref).add(of('positions.weight').ref)
  for (let i = 0; i < layers; i++) {
    const at = (name) => of(`blocks.${i}.${name}`)
    const qkv = linear(layerNorm(h.ref, at('ln1.weight'), at('ln1.bias')), at('qkv.weight'), at('qkv.bias'))
    const parts = qkv.reshape([batch, context, 3, heads, size]).transpose([2, 0, 3, 1, 4])
    const [q, k, v] = [0, 1, 2].map((j) => parts.ref.slice(j))
    parts.dispose()
    const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(size))
    const mask = np.tril(np.ones([context, context]))
    const weights = nn.softmax(np.where(mask.greater(0), scores, -1e9), -1)
    const y = np.matmul(weights, v).transpose([0, 2, 1, 3]).reshape([batch, context, width])
    h = h.add(linear(y, at('proj.weight'), at('proj.bias')))
    const up = linear(layerNorm(h.ref, at('ln2.weight'), at('ln2.bias')), at('up.weight'), at('up.bias'))
    h = h.add(linear(nn.gelu(up, { approximate: true }), at('down.weight'), at('down.bias')))
  }
  return np.matmul(layerNorm(h, of('norm.weight'), of('norm.bias')), of('head.weight').ref)
}

/** Each gives [parameter, state...] anew. */
const UPDATES = {
  sgd: ({ lr, momentum }) => ({
    slots: momentum > 0 ? 1 : 0,
    update: (p, g, [m]) => {
      if (m === undefined) return [p.sub(g.mul(lr))]
      const moved = m.mul(momentum).add(g)
      return [p.sub(moved.ref.mul(lr)), moved]
    },
  }),
  adam: ({ lr, weightDecay = 0 }) => ({
    slots: 2,
    update: (p, g, [m, v], t) => {
      const first = m.mul(0.9).add(g.ref.mul(0.1))
      const second = v.mul(0.999).add(g.ref.mul(g).mul(0.001))
      const decayed = weightDecay > 0 ? p.mul(1 - lr * weightDecay) : p
      const rate = np.divide(lr, np.subtract(1, np.power(0.9, t.ref)))
      const scale = np
        .sqrt(second.ref)
        .mul(np.power(np.subtract(1, np.power(0.999, t.ref)), -0.5))
        .add(1e-8)
      return [decayed.sub(first.ref.mul(rate).div(scale)), first, second]
    },
  }),
}

/** Results that nobody waits for are not computed. */
const awaited = (compute) => ({
  async step() {
    const result = compute()
    await result.blockUntilReady()
    result.dispose()
  },
  read: async () => 0,
  asynchronous: true,
})

await serve('jax-js 0.1.25', async ({ task, workload, parameters, n }, take) => {
  if (task === 'matmul') {
    const random = () =>
      array(
        Float32Array.from({ length: n * n }, () => Math.random() - 0.5),
        [n, n],
      )
    const [a, b] = [random(), random()]
    const product = jit((a, b) => np.matmul(a, b))
    return awaited(() => product(a.ref, b.ref))
  }
  const [xShape, xType] = workload.x
  const [yShape, yType] = workload.y
  const [xData, yData] = [take(xShape, xType), take(yShape, yType)]
  const names = parameters.map(([name]) => name)
  const tables = new Set(['tokens.weight', 'positions.weight'])
  let p = parameters.map(([name, shape]) => {
    const data = take(shape)
    if (shape.length !== 2 || tables.has(name)) return array(data, shape)
    return array(transposed(data, shape), [...shape].reverse())
  })
  const classes = workload.vocabulary ?? workload.sizes?.at(-1) ?? 10
  const x = xType === 'int32' ? array(oneHot(xData, classes), [...xShape, classes]) : array(xData, xShape)
  const mean = workload.loss === 'mse'
  const y = mean ? array(yData, yShape) : array(oneHot(yData, classes), [...yShape, classes])
  const model = { mlp, cnn, gpt }[workload.model]
  const loss = (p, x, y) => {
    const out = model(p, x, workload, names)
    tree.dispose(p)
    if (!mean) return np.mean(np.sum(nn.logSoftmax(out, -1).mul(y), -1)).mul(-1)
    const d = out.sub(y)
    return np.mean(d.ref.mul(d))
  }
  if (task === 'infer') {
    const answer = jit((p, x) => {
      const out = np.sum(model(p, x, workload, names))
      tree.dispose(p)
      return out
    })
    return awaited(() => answer(tree.ref(p), x.ref))
  }
  const { optimizer } = workload
  const { slots, update } = UPDATES[optimizer.name === 'sgd' ? 'sgd' : 'adam'](optimizer)
  let state = Array.from({ length: slots }, () => p.map((w) => np.zeros(w.shape)))
  let t = np.array(new Float32Array([1])).reshape([])
  const train = jit((p, state, t, x, y) => {
    const [value, grads] = valueAndGrad(loss)(tree.ref(p), x, y)
    const moved = p.map((w, i) =>
      update(
        w,
        grads[i],
        state.map((slot) => slot[i]),
        t,
      ),
    )
    const next = t.add(1)
    return [value, moved.map(([w]) => w), state.map((_, s) => moved.map((parts) => parts[s + 1])), next]
  })
  return {
    step() {
      const [value, weights, slots, next] = train(p, state, t, x.ref, y.ref)
      p = weights
      state = slots
      t = next
      return value
    },
    read: async (loss) => (await loss.data())[0],
    drop: (loss) => loss.dispose(),
    settle: async () => void (await Promise.all(p.map((w) => w.blockUntilReady()))),
  }
})
