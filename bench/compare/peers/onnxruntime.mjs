// Inference and products in onnxruntime, of the ONNX files that chainrule exports: onnxruntime-node (native), `--web` in
// WebAssembly. It does not train.
import { readFileSync } from 'node:fs'
import { serve } from './protocol.mjs'

const web = process.argv.includes('--web')
const ort = await import(web ? 'onnxruntime-web' : 'onnxruntime-node')
const { version } = JSON.parse(
  readFileSync(new URL(`../node_modules/onnxruntime-${web ? 'web' : 'node'}/package.json`, import.meta.url), 'utf8'),
)

await serve(`onnxruntime-${web ? 'web' : 'node'} ${version}`, async ({ onnx, threads, workload, n }, take) => {
  if (web) ort.env.wasm.numThreads = threads
  const session = await ort.InferenceSession.create(readFileSync(onnx), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionProviders: [web ? 'wasm' : 'cpu'],
  })
  const [shape, type] = workload?.x ?? [[n, n], 'float32']
  const data =
    workload === undefined ? Float32Array.from({ length: n * n }, () => Math.random() - 0.5) : take(shape, type)
  const feeds = { x: new ort.Tensor(type, data, shape) }
  return { step: () => session.run(feeds), read: async () => 0, asynchronous: true }
})
