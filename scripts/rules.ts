// The last pass over a binary, and the rules that every binary of the machine keeps. Each thread has an instance of its own on one memory: a data segment
// would be written again by each of them, a start function run again, and a mutable global would differ between threads.
import binaryen from 'binaryen'

export type Target = 'debug' | 'simd' | 'relaxed'

const F = binaryen.Features
const strict =
  F.Atomics | F.MutableGlobals | F.NontrappingFPToInt | F.SIMD128 | F.BulkMemory | F.BulkMemoryOpt | F.SignExt

export const featuresOf = (target: Target): number => (target === 'relaxed' ? strict | F.RelaxedSIMD : strict)

/**
 * wasm-opt -O2 after `asc -O3`: 8 to 15 % less time for a 64x128x784 product on Node 20 and 22, 5 to 10 % on 24 and 26,
 * a quarter for the smallest. -O3 and -O4 lose half of that on Node 20 and 22.
 * Shrinking once takes half a kilobyte, gzipped, and leaves the vector instructions of every inner loop as they are.
 */
export function optimize(bytes: Uint8Array, target: Target): Uint8Array {
  const module = binaryen.readBinary(bytes)
  try {
    module.setFeatures(featuresOf(target))
    binaryen.setOptimizeLevel(2)
    binaryen.setShrinkLevel(1)
    module.optimize()
    return module.emitBinary()
  } finally {
    module.dispose()
  }
}

/** The rules that the binary breaks, each a sentence; empty for a binary that may ship. */
export function brokenRules(bytes: Uint8Array, target: Target): string[] {
  const broken: string[] = []
  // Its declarations still have the older name of this method.
  const module = binaryen.readBinary(bytes) as binaryen.Module & { getNumDataSegments(): number }
  try {
    const segments = module.getNumDataSegments()
    if (segments > 0)
      broken.push(
        `it has ${segments} data segment(s): JavaScript owns the memory, so take no function as a value and use no ` +
          'string, static array or assert with a message.',
      )
    if (module.getStart() !== 0)
      broken.push('it has a start function: keep statements out of the top level of the files in assembly/.')
    for (let i = 0; i < module.getNumGlobals(); i++) {
      const { name, mutable, module: from } = binaryen.getGlobalInfo(module.getGlobalByIndex(i))
      if (from) broken.push(`it imports the global ${name}: only env.memory may be imported.`)
      if (mutable) broken.push(`it has the mutable global ${name}: keep state in the shared memory.`)
    }
    const imports: string[] = []
    for (let i = 0; i < module.getNumFunctions(); i++) {
      const { module: from, base } = binaryen.getFunctionInfo(module.getFunctionByIndex(i))
      if (from) imports.push(`${from}.${base}`)
    }
    for (let i = 0; i < module.getNumTables(); i++) {
      const { module: from, base } = binaryen.getTableInfo(module.getTableByIndex(i))
      if (from) imports.push(`${from}.${base}`)
    }
    for (const name of imports)
      if (target !== 'debug' || name !== 'env.abort')
        broken.push(`it imports ${name}: only env.memory may be imported (and env.abort in the debug build).`)
    const memory = module.hasMemory() ? module.getMemoryInfo() : undefined
    if (memory?.module !== 'env' || memory.base !== 'memory' || !memory.shared)
      broken.push('it does not import a shared env.memory.')
    module.setFeatures(featuresOf(target))
    if (!module.validate()) {
      const relaxed = new Set(module.emitText().match(/[a-z]\w*\.relaxed_\w+/g))
      broken.push(
        relaxed.size > 0 && target !== 'relaxed'
          ? `it uses relaxed instructions (${[...relaxed].join(', ')}).`
          : 'it needs a WebAssembly feature that this target does not allow.',
      )
    }
  } finally {
    module.dispose()
  }
  return broken
}
