// GB/s and ns an element of the kernels that move, draw or update words, one thread.
//   node --import tsx bench/lab/movement.ts [simd|relaxed] [part of a name]
import { RANDOM_BERNOULLI, RANDOM_NORMAL, RANDOM_UNIFORM, SGD_MOMENTUM, SGD_NESTEROV } from '../../src/abi/constants.ts'
import { encodeInstruction, type OperandValues, opcodeOf } from '../../src/abi/encode.ts'
import type { KernelName } from '../../src/abi/kernels.ts'
import { type Build, Machine } from '../../test/helpers/machine.ts'

const build = (process.argv[2] ?? 'simd') as Build
const filter = process.argv[3] ?? ''
const machine = new Machine(build)
const scratch = machine.alloc(8192)
const dispatch = machine.exports['dispatch'] as (...args: number[]) => number
console.log(`Node ${process.version}, ${build} build; the best of about 0.2 s`)

/** Times one instruction that handles `words` elements and moves `bytes` bytes for each. */
function time(kernel: KernelName, label: string, operands: OperandValues, words: number, bytes: number): void {
  const name = `${kernel} ${label}`
  if (!name.includes(filter)) return
  const pc = machine.put(Uint32Array.from(encodeInstruction(kernel, operands)))
  const opcode = opcodeOf(kernel)
  const calls = Math.max(2, Math.round(1e6 / words))
  let best = Number.POSITIVE_INFINITY
  for (const start = performance.now(); performance.now() - start < 200; ) {
    const from = performance.now()
    for (let i = 0; i < calls; i++) dispatch(opcode, pc, scratch, 0, 1)
    best = Math.min(best, (performance.now() - from) / calls)
  }
  const ns = (best * 1e6) / words
  console.log(`${name.padEnd(44)} ${ns.toFixed(3).padStart(7)} ns  ${(bytes / ns).toFixed(1).padStart(6)} GB/s`)
}

const M = 1 << 20
const floats = (n: number): number =>
  machine.put(Float32Array.from({ length: n }, (_, i) => ((i * 7919) % 1000) / 1000))
const [x, y] = [floats(4 * M), floats(4 * M)]

for (const n of [16, 256, 4096, 65536, M]) {
  time('copy', `${n}`, { x, y, n }, n, 8)
  time('fill', `${n}`, { y, n, bits: 0x3f800000 }, n, 4)
  time('fill', `${n} with 0`, { y, n, bits: 0 }, n, 4)
}
for (const n of [3, 10, 64, 784]) {
  const rows = Math.floor(65536 / n)
  time('copyRows', `of ${n}`, { x, y, rows, n, xPitch: n + 5, yPitch: n }, rows * n, 8)
}
for (const [batch, m, n] of [
  [1, 64, 64],
  [1, 128, 784],
  [1, 512, 512],
  [1, 500, 700],
  [1, 1024, 1024],
  [1, 2048, 2048],
  [64, 3, 1024],
  [256, 16, 16],
  [4096, 3, 3],
  [1, 65536, 10],
  [1, 10, 65536],
] as const)
  time('transpose', `${batch} x ${m} x ${n}`, { x, y, batch, m, n }, batch * m * n, 8)

for (const [label, sizes, strides] of [
  ['flip columns', [256, 256], [256, -1]],
  ['flip rows', [256, 256], [-256, 1]],
  ['slice', [128, 128], [256, 1]],
  ['step 2', [256, 128], [256, 2]],
  ['step 2, wide', [256, 2048], [4096, 2]],
  ['heads 8x4x64x32', [8, 4, 64, 32], [8192, 32, 128, 1]],
  ['nchw to nhwc', [8, 28, 28, 16], [12544, 28, 1, 784]],
  ['nhwc to nchw', [8, 16, 28, 28], [12544, 1, 448, 16]],
  ['reversed axes 64x64x64', [64, 64, 64], [1, 64, 4096]],
  ['tiny planes', [4096, 2, 2, 3], [12, 1, 6, 2]],
] as const) {
  const n = sizes.reduce((a, b) => a * b, 1)
  const dims = [sizes.length, ...sizes.flatMap((size, axis) => [size, strides[axis] as number])]
  time('stridedRead', label, { x: x + 4 * M, y, n, dims }, n, 8)
  time('stridedWrite', label, { x, y: y + 4 * M, n, dims }, n, 8)
}
for (const [label, strides] of [
  ['broadcast rows', [0, 1]],
  ['broadcast columns', [1, 0]],
] as const)
  time('stridedRead', label, { x, y, n: 512 * 512, dims: [2, 512, strides[0], 512, strides[1]] }, 512 * 512, 4)

for (const [outer, n, count, inner] of [
  [1, 60000, 128, 784],
  [1, 5000, 1024, 64],
  [1, 1000, 65536, 1],
  [1, 1000, 16384, 4],
  [1, 100, 16384, 16],
  [128, 10, 1, 1],
  [1024, 100, 100, 1],
] as const) {
  const [rows, taken] = [outer * n * inner, outer * count * inner]
  const index = machine.put(Int32Array.from({ length: taken }, (_, i) => (i * 7919) % n))
  const [table, chosen] = [machine.alloc(4 * rows), machine.alloc(4 * taken)]
  const sizes = { index, outer, n, count, inner }
  const label = `${outer} x ${n} -> ${count} x ${inner}`
  time('gather', label, { x: table, y: chosen, ...sizes }, taken, 8)
  time('scatterAdd', label, { y: chosen, x: table, ...sizes }, taken + rows, 8)
  time('takeAlong', label, { x: table, y: chosen, ...sizes }, taken, 12)
  time('takeAlongGrad', label, { y: chosen, x: table, ...sizes }, taken + rows, 8)
}

const generator = machine.put(Uint32Array.of(1, 2, 3, 4))
for (const n of [64, 4096, M]) {
  for (const [label, fn] of [
    ['uniform', RANDOM_UNIFORM],
    ['normal', RANDOM_NORMAL],
    ['bernoulli', RANDOM_BERNOULLI],
  ] as const)
    time('random', `${label} ${n}`, { fn, y, n, p0: 0, p1: 1, generator, draw: 1 }, n, 4)
  time('dropout', `${n}`, { x, y, n, p: 0.5, generator, draw: 1 }, n, 8)
  time('permutation', `${n}`, { y, n, generator, draw: 1 }, n, 4)
}

const slots = machine.put(Float64Array.of(1e-6, 2, 0.5))
const [p, g, m, v] = [floats(M), floats(M), floats(M), floats(M)]
for (const n of [100, 4096, 65536, M]) {
  const shared = { p, g, v, lr: slots, n, weightDecay: 0 }
  const sgd = { ...shared, step: slots + 8, dampening: 0 }
  time('sgd', `plain ${n}`, { ...sgd, momentum: 0, flags: 0 }, n, 12)
  time('sgd', `momentum ${n}`, { ...sgd, momentum: 0.9, flags: SGD_MOMENTUM }, n, 20)
  const nesterov = { momentum: 0.9, weightDecay: 1e-4, flags: SGD_MOMENTUM | SGD_NESTEROV }
  time('sgd', `nesterov, decay ${n}`, { ...sgd, ...nesterov }, n, 20)
  const betas = { beta1: 0.9, oneMinusBeta1: 0.1, beta2: 0.999, oneMinusBeta2: 0.001, eps: 1e-8 }
  time('adam', `${n}`, { ...shared, m, c1: slots + 16, c2: slots + 16, ...betas, flags: 0 }, n, 28)
}
