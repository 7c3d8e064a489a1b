// The workloads in TensorFlow.js 4.22 (its operations; its layers would only add to them): the WebAssembly backend as it is shipped,
// `--cpu` the one in plain JavaScript, `--mended` WebAssembly with the work-arounds that its users know. Those are: a
// product with a transposed operand is slow, so it is transposed first; a gradient of gather and one of convolution do
// not exist, so embeddings are products of one-hot rows, and convolutions products of patches.
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { serve } from './protocol.mjs'

const mended = process.argv.includes('--mended')
const cpu = process.argv.includes('--cpu')
setWasmPaths(fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)))
if (!(await tf.setBackend(cpu ? 'cpu' : 'wasm'))) throw new Error('the backend does not start')
tf.enableProdMode()

/** a times b, or times b transposed, with gradients that transpose first. */
const product = tf.customGrad((a, b, save) => {
  save([a, b])
  return {
    value: tf.matMul(a, b),
    gradFunc: (dy, [a, b]) => [tf.matMul(dy, swapped(b)), tf.matMul(swapped(a), dy)],
  }
})
const swapped = (x) => tf.transpose(x, [...Array(x.rank - 2).keys(), x.rank - 1, x.rank - 2])

function matMul(a, b) {
  if (!mended) return tf.matMul(a, b)
  return product(a, b)
}

function linear(x, w, b) {
  const [out, width] = w.shape
  const flat = x.reshape([-1, width])
  const y = mended ? matMul(flat, swapped(w)) : tf.matMul(flat, w, false, true)
  return (b === undefined ? y : y.add(b)).reshape([...x.shape.slice(0, -1), out])
}

function mlp(p, x, { sizes, activation }) {
  for (let i = 0; i < sizes.length - 1; i++) {
    x = linear(x, p[2 * i], p[2 * i + 1])
    if (i < sizes.length - 2) x = activation === 'relu' ? x.relu() : x.tanh()
  }
  return x
}

/** x is [n, h, w, c]; w has PyTorch's layout. */
function conv(x, w, b) {
  if (!mended) return tf.conv2d(x, w.transpose([2, 3, 1, 0]), 1, 'valid').add(b)
  const [n, h, width, c] = x.shape
  const [out] = w.shape
  const [p, q] = [h - 2, width - 2]
  const parts = []
  for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) parts.push(x.slice([0, i, j, 0], [n, p, q, c]))
  const columns = tf.concat(parts, 3).reshape([n * p * q, 9 * c])
  return matMul(columns, w.transpose([2, 3, 1, 0]).reshape([9 * c, out]))
    .add(b)
    .reshape([n, p, q, out])
}

function pool(x) {
  if (!mended) return tf.maxPool(x, 2, 2, 'valid')
  const [n, h, w, c] = x.shape
  const [p, q] = [Math.floor(h / 2), Math.floor(w / 2)]
  const even = x.slice([0, 0, 0, 0], [n, 2 * p, 2 * q, c])
  return even
    .reshape([n * p, 2, q, 2, c])
    .max([1, 3])
    .reshape([n, p, q, c])
}

function cnn(p, x) {
  let h = x.transpose([0, 2, 3, 1])
  h = pool(conv(h, p[0], p[1]).relu())
  h = pool(conv(h, p[2], p[3]).relu())
  h = h.transpose([0, 3, 1, 2]).reshape([x.shape[0], -1])
  return linear(linear(h, p[4], p[5]).relu(), p[6], p[7])
}

function layerNorm(x, g, b) {
  const centered = x.sub(x.mean(-1, true))
  const variance = centered.square().mean(-1, true)
  return centered.mul(variance.add(1e-5).rsqrt()).mul(g).add(b)
}

const gelu = (x) => {
  const inner = x.add(x.square().mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))
  return x.mul(0.5).mul(inner.tanh().add(1))
}

function gpt(p, x, { width, heads, layers, context, batch, vocabulary }, names) {
  const of = (name) => p[names.indexOf(name)]
  const size = width / heads
  const table = of('tokens.weight')
  let h = mended
    ? matMul(tf.oneHot(x.flatten(), vocabulary).cast('float32'), table).reshape([batch, context, width])
    : tf.gather(table, x)
  h = h.add(of('positions.weight'))
  const mask = tf.linalg
    .bandPart(tf.ones([context, context]), -1, 0)
    .sub(1)
    .mul(1e9)
  for (let i = 0; i < layers; i++) {
    const at = (name) => of(`blocks.${i}.${name}`)
    const qkv = linear(layerNorm(h, at('ln1.weight'), at('ln1.bias')), at('qkv.weight'), at('qkv.bias'))
    const parts = qkv.reshape([batch, context, 3, heads, size]).transpose([2, 0, 3, 1, 4])
    const [q, k, v] = tf.split(parts, 3).map((part) => part.reshape([batch * heads, context, size]))
    const scores = (mended ? matMul(q, swapped(k)) : tf.matMul(q, k, false, true)).mul(1 / Math.sqrt(size)).add(mask)
    const y = matMul(tf.softmax(scores), v)
    const merged = y.reshape([batch, heads, context, size]).transpose([0, 2, 1, 3]).reshape([batch, context, width])
    h = h.add(linear(merged, at('proj.weight'), at('proj.bias')))
    const up = linear(layerNorm(h, at('ln2.weight'), at('ln2.bias')), at('up.weight'), at('up.bias'))
    h = h.add(linear(gelu(up), at('down.weight'), at('down.bias')))
  }
  return linear(layerNorm(h, of('norm.weight'), of('norm.bias')), of('head.weight'))
}

function optimizerOf({ name, lr, momentum, weightDecay = 0 }, variables) {
  if (name === 'sgd') return momentum > 0 ? tf.train.momentum(lr, momentum) : tf.train.sgd(lr)
  const adam = tf.train.adam(lr, 0.9, 0.999, 1e-8)
  if (weightDecay === 0) return adam
  return {
    applyGradients(grads) {
      tf.tidy(() => {
        for (const v of variables) v.assign(v.mul(1 - lr * weightDecay))
      })
      adam.applyGradients(grads)
    },
  }
}

const read = async (loss) => {
  const [value] = await loss.data()
  loss.dispose()
  return value
}
const drop = (loss) => loss.dispose()

await serve(`TensorFlow.js ${tf.version_core}`, async ({ task, workload, parameters, n }, take) => {
  if (task === 'matmul') {
    const [a, b] = [tf.randomNormal([n, n]), tf.randomNormal([n, n])]
    return { step: () => tf.tidy(() => tf.matMul(a, b).sum()), read, drop }
  }
  const [xShape, xType] = workload.x
  const [yShape, yType] = workload.y
  const x = tf.tensor(take(xShape, xType), xShape, xType)
  const y = tf.tensor(take(yShape, yType), yShape, yType)
  const names = parameters.map(([name]) => name)
  const p = parameters.map(([, shape]) => tf.variable(tf.tensor(take(shape), shape)))
  const model = { mlp, cnn, gpt }[workload.model]
  if (task === 'infer') return { step: () => tf.tidy(() => model(p, x, workload, names).sum()), read, drop }
  const optimizer = optimizerOf(workload.optimizer, p)
  const hot = yType === 'int32' ? tf.oneHot(y.flatten(), workload.vocabulary ?? workload.sizes?.at(-1) ?? 10) : y
  const loss = () => {
    const out = model(p, x, workload, names)
    if (workload.loss === 'mse') return tf.losses.meanSquaredError(y, out)
    return tf.losses.softmaxCrossEntropy(hot, out.reshape(hot.shape))
  }
  return {
    step: () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(loss, p)
        optimizer.applyGradients(grads)
        return value
      }),
    read,
    drop,
  }
})
