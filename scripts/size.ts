// What a page that trains downloads, gzipped: the core with its worker, minified, and the binary of both builds.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type StdinOptions } from 'esbuild'

const LIMIT = 100_000

const root = fileURLToPath(new URL('..', import.meta.url))
const gzipped = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length

/**
 * The core: tensors, autodiff, the layers and optimizers of a perceptron, captured steps and data in memory. Whatever
 * else the package has must be left out by bundlers where it is not used, so it may not show here.
 */
const CORE = {
  '': `abs add argmax binaryCrossEntropy capture clip clone concat crossEntropy currentEngine div dropout equal exp full
    gather gelu Generator gradients greater init jacobian keep leakyRelu linear log logSoftmax mae matmul max maximum
    mean min minimum mse mul neg nll ones Parameter parameter permutation pow randomNormal randomUniform relu reshape
    scalar Scope scope sgdUpdate sigmoid silu slice softmax softplus spec sqrt square stack Step stopGradient sub sum
    tanh Tensor tensor transpose valueAndGrad Variable variable variance withEngine zeros zerosLike`,
  nn: `dropout flatten gelu leakyRelu linear Module relu sequential sigmoid silu softmax softplus tanh uniformInitializer`,
  optim: `adagrad adam adamw clipByGlobalNorm clipByValue l1 l2 rmsprop schedule sgd`,
  data: `arrays loader split take`,
  train: `accuracy confusion evaluate fit Trainer`,
}
const list = (names: string): string[] => names.trim().split(/\s+/)
const core = Object.entries(CORE)
  .map(
    ([space, names]) =>
      `export { ${list(names).map((name) => `${name} as ${space}_${name}`)} } from './dist/${space && `${space}/`}index.js'`,
  )
  .join('\n')
const everything = `export * from './dist/index.js'`

/** A bundle without the parts that are loaded on demand. */
async function bundle(input: { stdin: StdinOptions } | { entryPoints: string[] }): Promise<Uint8Array> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    ...input,
    outdir: '.build/size',
    bundle: true,
    splitting: true,
    metafile: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  })
  const files = new Map(outputFiles.map((file) => [file.path, file.contents]))
  const parts: Uint8Array[] = []
  const take = (path: string): void => {
    const contents = files.get(root + path)
    if (contents === undefined) return
    files.delete(root + path)
    parts.push(contents)
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement') take(next)
  }
  const wanted = 'stdin' in input ? '<stdin>' : input.entryPoints[0]
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) if (entryPoint === wanted) take(path)
  return Buffer.concat(parts)
}

const all = gzipped(await bundle({ stdin: { contents: everything, resolveDir: root } }))
let total = 0
const rows: [string, Uint8Array][] = [['core', await bundle({ stdin: { contents: core, resolveDir: root } })]]
const worker = 'dist/runtime/worker.js'
if (existsSync(root + worker)) rows.push([worker, await bundle({ entryPoints: [worker] })])
rows.push(['wasm, for both builds', readFileSync(`${root}wasm/relaxed.wasm`)])
const line = (name: string, raw: number | string, packed: number | string) =>
  console.log(`${name.padEnd(24)}${String(raw).padStart(10)}${String(packed).padStart(10)}`)
line('bytes', 'raw', 'gzipped')
for (const [name, bytes] of rows) {
  const packed = gzipped(bytes)
  total += packed
  line(name, bytes.length, packed)
}
line('together', '', total)
line('JavaScript of everything', '', all)
if (total > LIMIT) {
  console.error(`The core and both builds are ${total} bytes, gzipped; at most ${LIMIT} are allowed.`)
  process.exitCode = 1
}
