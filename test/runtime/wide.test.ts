import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import * as codes from '../../src/abi/constants.ts'
import { encodeInstruction, kernelNames, opcodeOf } from '../../src/abi/encode.ts'
import { kernels } from '../../src/abi/kernels.ts'
import { pool } from '../../src/abi/pool.ts'
import { instantiate, type Machine, withName } from '../../src/runtime/wasm.ts'
import { WIDE_BYTES, type WideHost, widen, wideTrials } from '../../src/runtime/wide.ts'
import { binaryOf } from '../helpers/machine.ts'

const AT = 4 << 20
const SCRATCH = 8 << 20
const binary = binaryOf('simd')

async function setUp(v8: number): Promise<{ host: WideHost; flags: boolean[]; memory: WebAssembly.Memory }> {
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65535, shared: true })
  const machineOf = async (bytes: Uint8Array<ArrayBuffer>): Promise<Machine> =>
    instantiate(await WebAssembly.compile(bytes), memory)
  const words = (): Uint32Array => new Uint32Array(memory.buffer)
  words().set(pool, codes.POOL >> 2)
  words()[(codes.BLOCKS + codes.CALLER * codes.THREAD_BLOCK + codes.BLOCK_SCRATCH) >> 2] = SCRATCH
  const flags: boolean[] = []
  const [machine, reference] = [await machineOf(withName(binary, 'wide')), await machineOf(binary)]
  const setFlag = (on: boolean): void => void flags.push(on)
  const now = (): number => performance.now()
  return { host: { machine, reference, words, at: AT, setFlag, now, trials: wideTrials(v8) }, flags, memory }
}

test('without a flag that does anything nothing is wide, and the flag is off again', async () => {
  const { host, flags, memory } = await setUp(13)
  const before = new Uint8Array(memory.buffer, AT + WIDE_BYTES, 4096).slice()
  expect(await widen(host)).toBe('plain')
  expect(flags).toEqual([true, false])
  expect(new Uint8Array(memory.buffer, AT + WIDE_BYTES, 4096)).toEqual(before)
})

const spoiled = { softmax: 'y', adam: 'p', unary: 'y', gemm: 'c' } as const

test.each(Object.keys(spoiled) as (keyof typeof spoiled)[])('one wrong bit of %s is seen', async (kernel) => {
  const { host, flags } = await setUp(14)
  let on = false
  const run = (program: number, repeat: number, threads: number): number => {
    const result = host.machine.run(program, repeat, threads)
    const words = host.words()
    const at = program >> 2
    if (on && ((words[at] as number) & 0xffff) === opcodeOf(kernel)) {
      const address = words[at + 2 + Object.keys(kernels[kernel].operands).indexOf(spoiled[kernel])] as number
      words[(address >> 2) + 1] = (words[(address >> 2) + 1] as number) ^ 1
    }
    return result
  }
  const setFlag = (state: boolean): void => {
    host.setFlag(state)
    on = true
  }
  expect(await widen({ ...host, machine: { run }, setFlag })).toBe('wrong')
  expect(flags).toEqual([true, false])
})

/** Kernels whose time is not in loops over float vectors, or that no step spends time in. */
const NOT_WIDE = new Set([
  ...['scalar', 'advance', 'record', 'fetchSlot', 'fetchRows', 'copy', 'fill', 'copyRows', 'stridedRead'],
  ...['stridedWrite', 'transpose', 'gather', 'scatterAdd', 'takeAlong', 'takeAlongGrad', 'argReduce', 'permutation'],
  ...['cumsum', 'argsort', 'triangle', 'wholes', 'reduceWholes'],
  'binaryStrided', // its rows are those of binary
  'where', // waits for memory
  ...['pool2d', 'pool2dGrad'], // shuffles, one vector at a time
])

test('every kernel with vector loops is in the self-test, and every function of the element-wise ones', () => {
  const trials = wideTrials(13)
  const missing = kernelNames.filter((name) => !NOT_WIDE.has(name) && !trials.some(({ kernel }) => kernel === name))
  expect(missing).toEqual([])
  for (const [kernel, prefix] of [
    ['unary', 'UNARY_'],
    ['binary', 'BINARY_'],
    ['random', 'RANDOM_'],
  ] as const) {
    const wanted = Object.entries(codes).flatMap(([name, code]) => (name.startsWith(prefix) ? [code] : []))
    const there = trials.flatMap((trial) => (trial.kernel === kernel ? [trial.immediates['fn'] as number] : []))
    expect(new Set(there)).toEqual(new Set(wanted))
  }
})

test('a trial names operands of its kernel alone', () => {
  for (const { kernel, areas, immediates } of wideTrials(13)) {
    const values = { ...immediates, ...Object.fromEntries(Object.keys(areas).map((name) => [name, 64])) }
    const words = encodeInstruction(kernel, values)
    const nonZero = Object.values(values).filter((value) => value !== 0).length
    expect(words.slice(2).filter((word) => word !== 0)).toHaveLength(nonZero)
  }
})

const program = `
  import { capture, init, matmul, randomNormal, crossEntropy, nn, optim, tensor, valueAndGrad } from './src/index.ts'
  const bits = []
  for (const wide of [false, true]) {
    const engine = await init({ wide, threads: 2, seed: 3 })
    const model = nn.sequential([nn.linear(70, 130), nn.gelu(), nn.linear(130, 10)])
    const optimizer = optim.adamw(model, { lr: 0.01 })
    const x = randomNormal([96, 70])
    const y = tensor(Int32Array.from({ length: 96 }, (_, i) => i % 10))
    const step = capture(() => {
      const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(x), y), model)
      optimizer.step(grads)
      return { loss: value }
    })
    await step.runMany(300)
    const all = []
    for (const [, parameter] of model.namedParameters()) all.push(...new Uint32Array((await parameter.data()).buffer.slice(0)))
    bits.push(all)
    console.error(engine.runtime.wide, engine.runtime.notice)
    await engine.close()
  }
  console.log(bits[0].length, bits[0].every((word, i) => word === bits[1][i]))
`

test('a training has the same bits with wide as without', { timeout: 60_000 }, async () => {
  const args = ['--import', 'tsx', '--input-type=module', '-e', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: new URL('../..', import.meta.url) })
  expect(stdout.trim()).toBe('10540 true')
})
