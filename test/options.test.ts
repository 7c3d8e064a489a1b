// Every public function that takes options refuses a name that it does not know. The tables are typed by the exports: a
// new function with options does not compile until it has a row, which calls it with options beside those it needs, or
// says why its argument is no set of options.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as check from '../src/check/index.ts'
import * as report from '../src/cli/report/index.ts'
import type * as exporting from '../src/export/index.ts'
import { exportOnnx } from '../src/export/index.ts'
import * as c from '../src/index.ts'
import * as inspect from '../src/inspect/index.ts'
import * as node from '../src/io/node.ts'
import { closest, known } from '../src/options.ts'
import type * as reference from '../src/reference/index.ts'

const { nn, optim, data, train } = c
const { schedule } = optim

type NoOptions =
  | ((...args: never[]) => unknown)
  | (abstract new (
      ...args: never[]
    ) => unknown)
  | readonly unknown[]
  | ArrayBufferView
  | Iterable<unknown>
  | AsyncIterable<unknown>
  | URL
  | c.Tensor
  | c.nn.Module
  | c.Engine
  | c.Step
  | c.Generator
  | c.Scope

type IsOptions<P> = P extends object ? (P extends NoOptions ? never : string extends keyof P ? never : true) : never
type Among<A extends readonly unknown[]> = number extends A['length']
  ? IsOptions<NonNullable<A[number]>>
  : { [I in keyof A]-?: IsOptions<NonNullable<A[I]>> }[number]
type TakesOptions<F, Name> = F extends (...args: infer A) => unknown
  ? [Among<A>] extends [never]
    ? never
    : Name
  : never
type Methods<Class extends string, T> = { [N in keyof T & string]: TakesOptions<T[N], `${Class}.${N}`> }[keyof T &
  string]
/** Methods that come from another class of the table. */
type Inherited<Class, T> =
  | (Class extends 'Module' ? never : T extends c.nn.Module ? `${string}.loadStateDict` : never)
  | (Class extends 'Tensor' ? never : T extends c.Tensor ? `${string}.${keyof c.Tensor & string}` : never)
type OfClass<Class extends string, A extends readonly unknown[], T> =
  | ([Among<A>] extends [never] ? never : T extends Error ? never : Class)
  | Exclude<Methods<Class, T>, Inherited<Class, T>>
/** Names of functions and constructors, and Class.method, that take an object with fixed keys. */
type WithOptions<M> = {
  [K in keyof M & string]: M[K] extends abstract new (
    ...args: infer A
  ) => infer T
    ? OfClass<K, A, T>
    : TakesOptions<M[K], K>
}[keyof M & string]

interface Spaces {
  readonly '': typeof c
  readonly nn: typeof nn
  readonly optim: typeof optim
  readonly schedule: typeof schedule
  readonly data: typeof data
  readonly io: typeof c.io
  readonly train: typeof train
  readonly check: typeof check
  readonly export: typeof exporting
  readonly inspect: typeof inspect
  readonly node: typeof node
  readonly report: typeof report
  readonly reference: typeof reference
}
/** A call with further options; or why there are none. */
type Row = ((more: never) => unknown) | string
type Rows = { readonly [S in keyof Spaces]: { readonly [N in WithOptions<Spaces[S]>]: Row } }

const x = (...shape: number[]): c.Tensor => c.zeros(shape)
const wholes = (...shape: number[]): c.Tensor => c.zeros(shape, { dtype: 'int32' })
const weights = (): c.Parameter[] => [c.parameter(x(2, 2))]
const set = data.arrays({ x: new Float32Array(8), y: new Int32Array(8) })
const text = new TextEncoder().encode('a,b\n1,2\n')
const table = () => data.tableOf([{ a: 1, b: 2 }])
const model = () => nn.linear(1, 2)
const classes = (): [c.Tensor, c.Tensor] => [x(2, 3), wholes(2)]
const pairs = (): [c.Tensor, c.Tensor] => [x(2, 3), x(2, 3)]
const optimizer = 'the class behind the function of that name, which has the row'
const step = (): c.Step => c.capture(() => ({ y: x(1).add(1) }))
const internal = 'made by the library, not by users'
const value = 'a value with content, not options'
const tree = 'parameters: a module, or a record of any names'

const tables: Rows = {
  '': {
    Parameter: internal,
    'Parameter.set': value,
    'Scope.keep': value,
    'Step.runMany': (o) => step().runMany(1, o),
    Tensor: internal,
    'Tensor.all': (o) => x(2).all(0, o),
    'Tensor.any': (o) => x(2).any(0, o),
    'Tensor.argmax': (o) => x(2).argmax(0, o),
    'Tensor.argmin': (o) => x(2).argmin(0, o),
    'Tensor.cumsum': (o) => x(2).cumsum(0, o),
    'Tensor.dropout': (o) => x(2).dropout(0.5, o),
    'Tensor.logsumexp': (o) => x(2).logsumexp(0, o),
    'Tensor.matmul': (o) => x(2, 2).matmul(x(2, 2), o),
    'Tensor.max': (o) => x(2).max(0, o),
    'Tensor.mean': (o) => x(2).mean(0, o),
    'Tensor.min': (o) => x(2).min(0, o),
    'Tensor.norm': (o) => x(2).norm(0, o),
    'Tensor.pad': (o) => x(2).pad([[1, 1]], o),
    'Tensor.prod': (o) => x(2).prod(0, o),
    'Tensor.sort': (o) => x(2).sort(0, o),
    'Tensor.std': (o) => x(2).std(0, o),
    'Tensor.sum': (o) => x(2).sum(0, o),
    'Tensor.topk': (o) => x(2).topk(1, 0, o),
    'Tensor.variance': (o) => x(2).variance(0, o),
    Variable: internal,
    'Variable.set': value,
    adamUpdate: (o) => c.adamUpdate(c.parameter(x(1)), x(1), o),
    all: (o) => c.all(x(2), 0, o),
    any: (o) => c.any(x(2), 0, o),
    argmax: (o) => c.argmax(x(2), 0, o),
    argmin: (o) => c.argmin(x(2), 0, o),
    argsort: (o) => c.argsort(x(2), 0, o),
    avgPool1d: (o) => c.avgPool1d(x(1, 1, 4), 2, o),
    avgPool2d: (o) => c.avgPool2d(x(1, 1, 4, 4), 2, o),
    avgPool3d: (o) => c.avgPool3d(x(1, 1, 4, 4, 4), 2, o),
    batchNorm: (o) => c.batchNorm(x(2, 4), o),
    bceWithLogits: (o) => c.bceWithLogits(...pairs(), o),
    bernoulli: (o) => c.bernoulli([2], 0.5, o),
    binaryCrossEntropy: (o) => c.binaryCrossEntropy(...pairs(), o),
    capture: (o) => c.capture(() => ({ y: x(1) }), {}, o),
    categorical: (o) => c.categorical(x(2, 3), o),
    conv1d: (o) => c.conv1d(x(1, 1, 4), x(1, 1, 2), undefined, o),
    conv2d: (o) => c.conv2d(x(1, 1, 4, 4), x(1, 1, 2, 2), undefined, o),
    conv3d: (o) => c.conv3d(x(1, 1, 4, 4, 4), x(1, 1, 2, 2, 2), undefined, o),
    convTranspose1d: (o) => c.convTranspose1d(x(1, 1, 4), x(1, 1, 2), undefined, o),
    convTranspose2d: (o) => c.convTranspose2d(x(1, 1, 4, 4), x(1, 1, 2, 2), undefined, o),
    cosineEmbedding: (o) => c.cosineEmbedding(...pairs(), x(2), o),
    cosineSimilarity: (o) => c.cosineSimilarity(...pairs(), o),
    crossEntropy: (o) => c.crossEntropy(...classes(), o),
    ctc: (o) => c.ctc(x(4, 1, 3), wholes(1, 2), wholes(1), wholes(1), o),
    cumsum: (o) => c.cumsum(x(2), 0, o),
    defineOp: (o) => c.defineOp('twice', o),
    dropout: (o) => c.dropout(x(2), 0.5, o),
    fetchRows: (o) => c.fetchRows(x(2), wholes(2), wholes(2), o),
    focal: (o) => c.focal(...pairs(), o),
    full: (o) => c.full([2], 1, o),
    gradients: tree,
    groupNorm: (o) => c.groupNorm(x(1, 4), 2, o),
    gru: (o) => c.gru(x(1, 1, 6), x(2, 6), x(1, 2), x(6), o),
    hinge: (o) => c.hinge(...pairs(), o),
    huber: (o) => c.huber(...pairs(), o),
    init: (o) => c.init(o),
    instanceNorm: (o) => c.instanceNorm(x(1, 4, 2), o),
    jacobian: (o) => c.jacobian((y) => y, x(2), o),
    keep: value,
    klDiv: (o) => c.klDiv(...pairs(), o),
    layerNorm: (o) => c.layerNorm(x(1, 4), o),
    lionUpdate: (o) => c.lionUpdate(c.parameter(x(1)), x(1), o),
    logsumexp: (o) => c.logsumexp(x(2), 0, o),
    lstm: (o) => c.lstm(x(1, 1, 8), x(2, 8), x(1, 2), x(1, 2), o),
    mae: (o) => c.mae(...pairs(), o),
    matmul: (o) => c.matmul(x(2, 2), x(2, 2), o),
    max: (o) => c.max(x(2), 0, o),
    maxPool1d: (o) => c.maxPool1d(x(1, 1, 4), 2, o),
    maxPool2d: (o) => c.maxPool2d(x(1, 1, 4, 4), 2, o),
    maxPool3d: (o) => c.maxPool3d(x(1, 1, 4, 4, 4), 2, o),
    mean: (o) => c.mean(x(2), 0, o),
    min: (o) => c.min(x(2), 0, o),
    mse: (o) => c.mse(...pairs(), o),
    multiMargin: (o) => c.multiMargin(...classes(), o),
    nll: (o) => c.nll(...classes(), o),
    norm: (o) => c.norm(x(2), 0, o),
    ones: (o) => c.ones([2], o),
    pad: (o) => c.pad(x(2), [[1, 1]], o),
    parameter: (o) => c.parameter(x(2), o),
    permutation: (o) => c.permutation(3, o),
    prod: (o) => c.prod(x(2), 0, o),
    randomNormal: (o) => c.randomNormal([2], o),
    randomUniform: (o) => c.randomUniform([2], o),
    rmsNorm: (o) => c.rmsNorm(x(1, 4), o),
    rnn: (o) => c.rnn(x(1, 1, 2), x(2, 2), x(1, 2), o),
    rotaryEmbedding: (o) => c.rotaryEmbedding(x(2, 4), o),
    scaledDotProductAttention: (o) => c.scaledDotProductAttention(x(1, 1, 2, 2), x(1, 1, 2, 2), x(1, 1, 2, 2), o),
    sgdUpdate: (o) => c.sgdUpdate(c.parameter(x(1)), x(1), o),
    smoothL1: (o) => c.smoothL1(...pairs(), o),
    sort: (o) => c.sort(x(2), 0, o),
    std: (o) => c.std(x(2), 0, o),
    sum: (o) => c.sum(x(2), 0, o),
    sumSquares: (o) => c.sumSquares(x(2), 0, o),
    tensor: (o) => c.tensor([1, 2], [2], o),
    topk: (o) => c.topk(x(2), 1, 0, o),
    triplet: (o) => c.triplet(...pairs(), x(2, 3), o),
    upsample2d: (o) => c.upsample2d(x(1, 1, 2, 2), o),
    valueAndGrad: tree,
    variable: (o) => c.variable(x(2), o),
    variance: (o) => c.variance(x(2), 0, o),
    zeros: (o) => c.zeros([2], o),
  },
  nn: {
    Bilinear: (o) => new nn.Bilinear(1, 1, 1, o),
    Conv: 'made by the functions of each kind of convolution, which have the rows',
    Embedding: (o) => new nn.Embedding(2, 2, o),
    GRU: (o) => new nn.GRU(1, 2, o),
    'GRU.run': (o) => nn.gru(1, 2).run(x(1, 1, 1), o),
    LSTM: (o) => new nn.LSTM(1, 2, o),
    'LSTM.run': (o) => nn.lstm(1, 2).run(x(1, 1, 1), o),
    LayerNorm: (o) => new nn.LayerNorm(2, o),
    Linear: (o) => new nn.Linear(1, 2, o),
    'Module.loadStateDict': async (o) => {
      const layer = model()
      return layer.loadStateDict(await layer.stateDict(), o)
    },
    MultiHeadAttention: (o) => new nn.MultiHeadAttention(2, 1, o),
    'MultiHeadAttention.attend': (o) => nn.multiHeadAttention(2, 1).attend(x(1, 2, 2), x(1, 2, 2), o),
    PRelu: (o) => new nn.PRelu(o),
    PositionalEmbedding: (o) => new nn.PositionalEmbedding(2, 2, o),
    RNN: (o) => new nn.RNN(1, 2, o),
    'RNN.run': (o) => nn.rnn(1, 2).run(x(1, 1, 1), o),
    Recurrent: 'abstract; the classes made of it have rows',
    'Recurrent.run': 'abstract; the classes made of it have rows',
    'RecurrentCell.forward': value,
    TransformerDecoderLayer: (o) => new nn.TransformerDecoderLayer(2, 1, o),
    'TransformerDecoderLayer.forward': (o) => nn.transformerDecoderLayer(2, 1).forward(x(1, 2, 2), x(1, 2, 2), o),
    TransformerEncoderLayer: (o) => new nn.TransformerEncoderLayer(2, 1, o),
    'TransformerEncoderLayer.forward': (o) => nn.transformerEncoderLayer(2, 1).forward(x(1, 2, 2), o),
    avgPool1d: (o) => nn.avgPool1d(2, o),
    avgPool2d: (o) => nn.avgPool2d(2, o),
    avgPool3d: (o) => nn.avgPool3d(2, o),
    batchNorm: (o) => nn.batchNorm(2, o),
    bilinear: (o) => nn.bilinear(1, 1, 1, o),
    conv1d: (o) => nn.conv1d(1, 1, 2, o),
    conv2d: (o) => nn.conv2d(1, 1, 2, o),
    conv3d: (o) => nn.conv3d(1, 1, 2, o),
    convTranspose1d: (o) => nn.convTranspose1d(1, 1, 2, o),
    convTranspose2d: (o) => nn.convTranspose2d(1, 1, 2, o),
    embedding: (o) => nn.embedding(2, 2, o),
    groupNorm: (o) => nn.groupNorm(1, 2, o),
    gru: (o) => nn.gru(1, 2, o),
    gruCell: (o) => nn.gruCell(1, 2, o),
    initializer: (o: object) =>
      nn.initializer(o !== null && typeof o === 'object' ? { name: 'constant', value: 1, ...o } : o),
    instanceNorm: (o) => nn.instanceNorm(2, o),
    layerNorm: (o) => nn.layerNorm(2, o),
    linear: (o) => nn.linear(1, 2, o),
    lstm: (o) => nn.lstm(1, 2, o),
    lstmCell: (o) => nn.lstmCell(1, 2, o),
    maxPool1d: (o) => nn.maxPool1d(2, o),
    maxPool2d: (o) => nn.maxPool2d(2, o),
    maxPool3d: (o) => nn.maxPool3d(2, o),
    multiHeadAttention: (o) => nn.multiHeadAttention(2, 1, o),
    positionalEmbedding: (o) => nn.positionalEmbedding(2, 2, o),
    prelu: (o) => nn.prelu(o),
    rmsNorm: (o) => nn.rmsNorm(2, o),
    rnn: (o) => nn.rnn(1, 2, o),
    rnnCell: (o) => nn.rnnCell(1, 2, o),
    transformerDecoderLayer: (o) => nn.transformerDecoderLayer(2, 1, o),
    transformerEncoderLayer: (o) => nn.transformerEncoderLayer(2, 1, o),
    upsample2d: (o) => nn.upsample2d(o),
  },
  optim: {
    Adadelta: optimizer,
    Adafactor: optimizer,
    Adagrad: optimizer,
    Adam: optimizer,
    Adamax: optimizer,
    Ema: optimizer,
    Lamb: optimizer,
    Lbfgs: optimizer,
    Lion: optimizer,
    Muon: optimizer,
    Nadam: optimizer,
    Optimizer: (o) =>
      new (class extends optim.Optimizer {
        protected update(): void {}
      })(weights(), 1, o),
    Radam: optimizer,
    Rmsprop: optimizer,
    Sgd: optimizer,
    Stateful: tree,
    accumulate: tree,
    adadelta: (o) => optim.adadelta(weights(), o),
    adafactor: (o) => optim.adafactor(weights(), o),
    adagrad: (o) => optim.adagrad(weights(), o),
    adam: (o) => optim.adam(weights(), o),
    adamax: (o) => optim.adamax(weights(), o),
    adamw: (o) => optim.adamw(weights(), o),
    elastic: (o) => optim.elastic(weights(), o),
    ema: (o) => optim.ema(weights(), o),
    l1: tree,
    l2: tree,
    lamb: (o) => optim.lamb(weights(), o),
    lbfgs: (o) => optim.lbfgs(weights(), o),
    lion: (o) => optim.lion(weights(), o),
    maxNorm: (o) => optim.maxNorm(weights(), 1, o),
    muon: (o) => optim.muon(weights(), o),
    nadam: (o) => optim.nadam(weights(), o),
    radam: (o) => optim.radam(weights(), o),
    rmsprop: (o) => optim.rmsprop(weights(), o),
    sgd: (o) => optim.sgd(weights(), o),
  },
  schedule: {
    cosine: (o) => schedule.cosine(1, o),
    cosineRestarts: (o) => schedule.cosineRestarts(1, o),
    exponential: (o) => schedule.exponential(1, o),
    linear: (o) => schedule.linear(1, o),
    multiStep: (o) => schedule.multiStep(1, o),
    oneCycle: (o) => schedule.oneCycle(1, o),
    polynomial: (o) => schedule.polynomial(1, o),
    reduceOnPlateau: (o) => schedule.reduceOnPlateau(1, o),
    step: (o) => schedule.step(1, o),
    warmup: (o) => schedule.warmup(schedule.constant(1), o),
  },
  data: {
    'ByteTokenizer.decode': value,
    Loader: (o) => new data.Loader(set, o),
    Pipeline: internal,
    'Pipeline.batch': (o) => data.pipeline(set).batch(2, o),
    arrays: (o) => data.arrays({ x: new Float32Array(2) }, o),
    augment: (o) => data.augment([], o),
    batches: (o) => data.batches(set, o),
    columnOf: value,
    csvRows: (o) => data.csvRows(text, o),
    datasetOf: value,
    gunzipped: value,
    jsonLines: (o) => data.jsonLines(text, o),
    loader: (o) => data.loader(set, o),
    pairLabels: value,
    readArrow: (o) => data.readArrow(text, o),
    readCsv: (o) => data.readCsv(text, o),
    readParquet: (o) => data.readParquet(text, o),
    split: value,
    splitTable: async (o) => data.splitTable(await table(), 0.5, 1, o),
    splitTokens: (o) => data.splitTokens(new Int32Array(9), o),
    tableOf: (o) => data.tableOf([{ a: 1 }], o),
    take: value,
    takeRows: value,
    tokenizerFromJSON: value,
    windowBatches: (o) => data.windowBatches(new Int32Array(9), o),
    windows: (o) => data.windows(new Int32Array(9), o),
  },
  io: {
    encodeNpy: value,
    readNpz: (o) => c.io.readNpz(new Uint8Array(), o),
  },
  train: {
    CompiledModel: (o) => new train.CompiledModel(model(), { x: c.spec([1, 1]) }, o),
    Evaluator: (o) => new train.Evaluator(model(), set, o),
    'Evaluator.run': value,
    Trainer: (o) => new train.Trainer(model(), set, o),
    accuracy: (o) => train.accuracy(o),
    auc: (o) => train.auc(o),
    compile: (o) => train.compile(model(), { x: c.spec([1, 1]) }, o),
    encodeCheckpoint: value,
    evaluate: (o) => train.evaluate(model(), set, o),
    f1: (o) => train.f1(o),
    fit: (o) => train.fit(model(), set, o),
    precision: (o) => train.precision(o),
    predict: (o) => train.predict(model(), set, o),
    predictions: (o) => train.predictions(model(), set, o),
    recall: (o) => train.recall(o),
  },
  check: {
    checkFunctions: (o) => check.checkFunctions(o),
    checkGradients: (o) => check.checkGradients(() => c.sum(c.square(x(1))), weights(), o),
    checkOp: (o) => check.checkOp(c.square, [x(1)], o),
    checkOps: (o) => check.checkOps(o),
    numericGradients: (o) => check.numericGradients(() => x(1).sum(), weights(), o),
  },
  export: {
    boardEvents: value,
    eventRecord: value,
    exportOnnx: (o) => exportOnnx(model(), { x: c.spec([1, 1]) }, o),
  },
  inspect: {
    chromeTrace: value,
    describeText: value,
    flameChart: async (o) => inspect.flameChart(await inspect.profile(step(), { rounds: 1 }), o),
    memoryPlan: (o) => inspect.memoryPlan(step(), o),
    fitMemory: (o) => inspect.fitMemory(model(), set, o),
    memoryText: value,
    profile: (o) => inspect.profile(step(), o),
  },
  node: {
    CheckpointFolder: (o) => new node.CheckpointFolder('nowhere', o),
    'CheckpointFolder.begin': value,
    'CheckpointFolder.save': value,
    imageFolder: (o) => node.imageFolder(mkdtempSync(join(tmpdir(), 'chainrule-options-')), o),
  },
  report: {
    'RunRecorder.add': value,
    'RunRecorder.report': (o) => new report.RunRecorder().report(o),
    renderReport: value,
  },
  reference: {
    'Evaluation.outputs': internal,
    'Evaluation.value': internal,
  },
}

let engine: c.Engine
beforeAll(async () => {
  engine = await c.init({ threads: 1, workers: false })
})
afterAll(() => engine.close())

const isLazy = (made: unknown): made is AsyncIterator<unknown> =>
  typeof made === 'object' && made !== null && Symbol.asyncIterator in made && 'next' in made

/** The error of a call, at once or later. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    const made = call()
    await (isLazy(made) ? made.next() : made)
  } catch (error) {
    return error
  }
  return undefined
}

async function refusal(row: (more: never) => unknown, options: unknown): Promise<c.ArgumentError> {
  const error = await errorOf(() => row(options as never))
  expect(error).toBeInstanceOf(c.ArgumentError)
  return error as c.ArgumentError
}

for (const [space, rows] of Object.entries(tables)) {
  if (Object.values<Row>(rows).every((row) => typeof row === 'string')) continue
  describe(`options: ${space || 'chainrule'}`, () => {
    for (const [name, row] of Object.entries<Row>(rows)) {
      if (typeof row === 'string') continue
      it(name, async () => {
        const error = await refusal(row, { zzz: 1 })
        expect(error).toMatchObject({ received: 'zzz', hint: undefined })
        expect(error.message).toContain('unknown option')
        const names = (error.expected as string).split(', ')
        const longest = names.reduce((a, b) => (b.length > a.length ? b : a))
        const near = await refusal(row, { [`${longest}s`]: 1 })
        expect(near.received).toBe(`${longest}s`)
        if (longest.length > 1) expect(near.hint).toBe(`Did you mean ${longest}?`)
        // What is no object has no names that could be looked at.
        for (const none of [3, null, 'text']) await refusal(row, none)
      })
    }
  })
}

describe('nested options', () => {
  const training = (more: object) =>
    train.fit(model(), set, { loss: c.crossEntropy, optimizer: optim.sgd(weights(), { lr: 1 }), steps: 1, ...more })
  it.each<[string, () => unknown, string]>([
    ['groups of parameters', () => optim.sgd(weights(), { lr: 1, groups: [{ match: /./, rate: 1 } as never] }), 'rate'],
    ['rotary embedding', () => nn.multiHeadAttention(2, 1, { rotary: { bas: 1 } as never }), 'bas'],
    ['checkpoints', () => training({ checkpoint: { to: { save: () => 0 }, every: 1 } }), 'every'],
    ['early stopping', () => training({ earlyStopping: { patients: 1 }, validation: set }), 'patients'],
  ])('%s', async (_, call, received) => {
    const error = await errorOf(call)
    expect(error).toBeInstanceOf(c.ArgumentError)
    expect(error).toMatchObject({ received })
  })
})

describe('known', () => {
  it('gives the options back', () => {
    const options = { a: 1, b: undefined }
    expect(known('f', options, 'a b')).toBe(options)
  })

  it('takes a list of all keys of the type, and no other', () => {
    const options: { readonly first?: number; readonly second?: number } = {}
    // @ts-expect-error second is not in the list
    known('f', options, 'first')
    // @ts-expect-error third is no option
    known('f', options, 'first second third')
    expect(known('f', options, 'second first')).toBe(options)
  })

  it('knows what a word was meant to be', () => {
    const names = ['lr', 'weightDecay', 'groups', 'stride', 'transposeA', 'transposeB']
    const meant = Object.fromEntries(names.map((name) => [name, closest(name, names)]))
    expect(meant).toEqual(Object.fromEntries(names.map((name) => [name, name])))
    expect(closest('strides', names)).toBe('stride')
    expect(closest('learningRate', names)).toBe('lr')
    expect(closest('weight_decay', names)).toBe('weightDecay')
    expect(closest('transpose_b', names)).toBe('transposeB')
    expect(closest('grops', names)).toBe('groups')
    expect(closest('dilation', names)).toBeUndefined()
  })
})
