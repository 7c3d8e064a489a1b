// A run as the training core reports it, made up but plausible: what the views are tested and tried with.
import { trainOptionsOf } from '../../src/cli/args.ts'
import type { EpochRecord, RunPlan, RunResult, StepRecord } from '../../src/cli/result.ts'
import type { TrainOptions } from '../../src/cli/train-options.ts'
import type { Confusion } from '../../src/train/index.ts'

export const trainOptions = (...argv: string[]): TrainOptions => trainOptionsOf(argv)

const names = Array.from({ length: 10 }, (_, k) => String(k))

export const plan: RunPlan = {
  version: '0.1.0',
  options: trainOptions('--epochs', '20'),
  data: {
    name: 'digits',
    trainSamples: 1438,
    testSamples: 359,
    validationSamples: undefined,
    sampleShape: [8, 8],
    unit: 'samples',
    classes: names,
    about: '8 x 8, 10 classes',
  },
  network: '64-128-10, relu',
  spec: { kind: 'mlp', sizes: [64, 128, 10], activation: 'relu', dropout: 0 },
  preprocessing: { kind: 'image', version: 1, shape: [8, 8], maximum: 16, classes: 10 },
  parameters: 9610,
  threads: 2,
  build: 'relaxed',
  wide: false,
  machine: 'Node 20.20.2, 2 x Some CPU @ 2.50 GHz',
}

let state = 1
function random(): number {
  state = (state * 1103515245 + 12345) % 2147483648
  return state / 2147483648
}

const stepsPerEpoch = 45
const epochCount = 20
export const losses: Float32Array = Float32Array.from(
  { length: stepsPerEpoch * epochCount },
  (_, i) => (2.3 * Math.exp(-i / 70) + 0.03 * Math.exp(-i / 500)) * (0.5 + random()),
)
export const epochEvents: readonly EpochRecord[] = Array.from({ length: epochCount }, (_, i) => {
  const of = losses.subarray(i * stepsPerEpoch, (i + 1) * stepsPerEpoch)
  return {
    epoch: i + 1,
    epochs: epochCount,
    step: (i + 1) * stepsPerEpoch,
    loss: of.reduce((sum, loss) => sum + loss) / stepsPerEpoch,
    accuracy: 0.981 - 0.4 * Math.exp(-(i + 1) / 2.4) + 0.004 * random(),
    testLoss: 0.07 + 1.9 * Math.exp(-(i + 1) / 1.7),
    r2: undefined,
    trainSeconds: 0.03 * (i + 1),
  }
})
export const stepEvents: readonly StepRecord[] = Array.from({ length: losses.length / 9 }, (_, i) => ({
  epoch: Math.floor((i * 9) / stepsPerEpoch) + 1,
  step: (i + 1) * 9,
  steps: losses.length,
  loss: losses[i * 9] as number,
  losses: losses.subarray(i * 9, (i + 1) * 9),
  learningRate: 0.003 * (0.5 + 0.5 * Math.cos((Math.PI * i * 9) / losses.length)),
  samplesPerSecond: 48_213,
  secondsLeft: 0.6 - (0.6 * i * 9) / losses.length,
}))

const counts = new Int32Array(100)
for (let i = 0; i < 359; i++) {
  const actual = i % 10
  const cell = actual * 10 + (random() < 0.975 ? actual : Math.floor(random() * 10))
  counts[cell] = (counts[cell] as number) + 1
}
const confusion: Confusion = { classes: 10, counts }

export const result: RunResult = {
  ...plan,
  losses,
  stepsPerEpoch,
  epochs: epochEvents,
  test: { kind: 'classes', rows: 359, loss: 0.07, accuracy: 0.98329, confusion, names },
  mistakes: Array.from({ length: 7 }, (_, i) => ({
    pixels: Float32Array.from({ length: 64 }, (_, k) => Math.max(0, Math.cos(k / (2 + i)) * random())),
    actual: i,
    predicted: (i + 3) % 10,
    confidence: 0.95 - 0.07 * i,
  })),
  shown: [],
  course: [],
  trainSeconds: 0.59,
  samplesPerSecond: 48_747,
  weightsHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  reason: 'finished',
  best: undefined,
  checkpoint: undefined,
  memoryBytes: 12_345_678,
}
