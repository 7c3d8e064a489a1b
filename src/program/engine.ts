import { ERROR_INDEX } from '../abi/constants.ts'
import { ArgumentError, CaptureError, type ChainruleError, DisposedError, EngineError, IndexError } from '../errors.ts'
import { known } from '../options.ts'
import { inDevelopment } from '../runtime/host.ts'
import { type RunResult, Runtime, type RuntimeOptions } from '../runtime/runtime.ts'
import { ProgramCache, structureOf } from './cache.ts'
import { compile, type Program, place } from './compile.ts'
import { live } from './fuse.ts'
import { Generator } from './generator.ts'
import {
  type Attrs,
  byteSize,
  createNode,
  createValue,
  type DType,
  type Node,
  type Op,
  type Shape,
  targetsOf,
  type Value,
} from './graph.ts'
import { Heap, type Place } from './heap.ts'

export interface EngineOptions extends RuntimeOptions {
  /** Everything random follows from it: initializers, dropout, shuffles. Default 0. */
  readonly seed?: number
  /** Fuse ops (default true). Results do not depend on it. */
  readonly fuse?: boolean
  /**
   * Holds the gradient rule of each `defineOp` against differences once, in the background, and warns if they differ.
   * Default in Node and Bun unless NODE_ENV is 'production'; false elsewhere.
   */
  readonly checkRules?: boolean
}

export type Elements = Float32Array | Int32Array | Float64Array

/** Whoever points at the current version of some persistent memory. */
export interface Holder {
  state: Value
}

/** What is being captured: its nodes, and the versions to go back to when it is done. */
interface Capturing {
  readonly versions: Map<Holder, Value>
}

/** Values that must outlive the programs that compute them, because a gradient may still ask for them. */
export interface Tape {
  readonly values: Value[]
}

interface Job {
  readonly program: Program
  readonly address: number
  settle(result: RunResult): void
}

/** Most nodes an eager trace may collect before it runs by itself. */
const MOST_PENDING = 4096

/**
 * One engine: a runtime (memory, threads), the trace of what was asked for and not yet computed, and the random
 * generator. Ops append to the trace; reading a value runs it.
 */
export class Engine {
  readonly runtime: Runtime
  readonly heap: Heap
  readonly generators: Set<Generator> = new Set()
  readonly generator: Generator
  readonly seed: number
  /** Handles that exist: tensors and variables that were not disposed of. */
  handles = 0
  /** Open scopes, innermost last: what each has to dispose of. */
  readonly scopes: Set<Disposable>[] = []
  /** Whether ops are fused; results do not depend on it. */
  readonly fuses: boolean
  /** Whether rules of users' ops are held against differences. */
  readonly checksRules: boolean
  private readonly cache = new ProgramCache()
  private trace: Node[] = []
  private capturing: Capturing | undefined
  private readonly tapes: Tape[] = []
  private readonly constants = new Map<number | string, Value>()
  private released: Value[] = []
  private program: Place | undefined
  private arena: Place | undefined
  private running: Promise<unknown> | undefined
  private closed = false

  static async create(options: EngineOptions = {}): Promise<Engine> {
    const { seed = 0 } = known(
      'init',
      options,
      'threads numerics wide memoryLimit wasmUrl workerUrl assets workers seed fuse checkRules',
    )
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new ArgumentError('the seed is not usable', {
        where: 'init',
        expected: 'an integer from 0 to 2^53 - 1',
        received: String(seed),
      })
    return new Engine(await Runtime.create(options), seed, options)
  }

  private constructor(runtime: Runtime, seed: number, { fuse = true, checkRules = inDevelopment() }: EngineOptions) {
    this.runtime = runtime
    this.heap = new Heap(runtime)
    this.seed = seed
    this.fuses = fuse
    this.checksRules = checkRules
    this.generator = new Generator(this, seed)
  }

  get threads(): number {
    return this.runtime.threads
  }

  /** Ends the threads; every later use of the engine throws. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.runtime.close()
  }

  // ---- values --------------------------------------------------------------------------------

  /** A value with content from JavaScript, in memory at once. */
  leaf(data: Elements, shape: Shape, dtype: DType): Value {
    this.check()
    const place = this.heap.alloc(data.byteLength)
    const value = createValue({ shape, dtype }, undefined, 0, place)
    this.elements(value).set(data)
    return value
  }

  /** A scalar from JavaScript; equal numbers share one word of memory. */
  constant(number: number, dtype: 'float32' | 'int32' = 'float32'): Value {
    const key = dtype === 'float32' ? number : `${number} ${dtype}`
    let value = this.constants.get(key)
    if (value === undefined) {
      if (this.constants.size >= 1024) this.forgetConstants()
      const data = dtype === 'float32' ? Float32Array.of(number) : Int32Array.of(number)
      value = this.retain(this.leaf(data, [], dtype))
      this.constants.set(key, value)
    }
    return value
  }

  private forgetConstants(): void {
    for (const value of this.constants.values()) this.release(value)
    this.constants.clear()
  }

  /** The elements of a value that is in memory: a view that lasts until the memory grows. */
  elements(value: Value): Elements {
    const { storage } = value
    if (storage === undefined) throw new EngineError('the value is not in memory yet')
    const { memory } = this.runtime
    const views = { float32: memory.f32, int32: memory.i32, float64: memory.f64 }
    const first = storage.address / (value.dtype === 'float64' ? 8 : 4)
    return views[value.dtype].subarray(first, first + byteSize(value) / views[value.dtype].BYTES_PER_ELEMENT)
  }

  retain(value: Value): Value {
    value.owners++
    return value
  }

  release(value: Value): void {
    if (--value.owners > 0) return
    if (this.trace.length > 0) this.released.push(value)
    else this.free(value)
  }

  private free(value: Value): void {
    if (value.owners > 0 || value.storage === undefined) return
    this.heap.release(value.storage as Place)
    value.storage = undefined
    value.gone = 'disposed'
  }

  // ---- tracing -------------------------------------------------------------------------------

  /** Appends an operation to the trace. */
  record(op: Op, inputs: readonly Value[], attrs: Attrs): readonly Value[] {
    this.check()
    for (const { gone } of inputs)
      if (gone !== undefined)
        throw new DisposedError(`an operand ${GONE[gone].what}`, { where: op.name, hint: GONE[gone].hint })
    this.settleTargets(op, inputs)
    const node = createNode(op, inputs, attrs)
    this.trace.push(node)
    // An outer tape differentiates through what an inner one recorded.
    for (const { values } of this.tapes)
      for (const value of [...node.inputs, ...node.outputs]) values.push(this.retain(value))
    return node.outputs
  }

  /** What is updated in place must be in memory, or be an update itself. */
  private settleTargets(op: Op, inputs: readonly Value[]): void {
    for (const target of op.inPlace ?? []) {
      const value = inputs[target]
      if (value === undefined || value.storage !== undefined || value.producer?.op.inPlace !== undefined) continue
      if (this.capturing !== undefined)
        throw new CaptureError('a variable was created inside the captured function', {
          where: op.name,
          hint: 'Create models, optimizers and variables before capture().',
        })
      this.flush()
    }
  }

  /** Runs the trace if it has grown long; called between operations, when every result has its owner. */
  relieve(): void {
    if (this.trace.length >= MOST_PENDING && this.capturing === undefined && this.running === undefined) this.flush()
  }

  /** Lets a holder point at the version that an in-place node has made. */
  assign(holder: Holder, next: Value): void {
    const old = holder.state
    holder.state = next
    if (this.capturing !== undefined) {
      if (!this.capturing.versions.has(holder)) this.capturing.versions.set(holder, old)
      return
    }
    this.retain(next)
    this.release(old)
  }

  startTape(): Tape {
    const tape: Tape = { values: [] }
    this.tapes.push(tape)
    return tape
  }

  stopTape(tape: Tape): void {
    this.tapes.splice(this.tapes.indexOf(tape), 1)
    for (const value of tape.values) this.release(value)
  }

  /** Runs `fn` unseen by the open tapes: what it records lives only as long as something else needs it. */
  untaped<T>(fn: () => T): T {
    const open = this.tapes.splice(0)
    const own = this.startTape()
    try {
      return fn()
    } finally {
      this.stopTape(own)
      this.tapes.unshift(...open)
    }
  }

  get isClosed(): boolean {
    return this.closed
  }
  get isCapturing(): boolean {
    return this.capturing !== undefined
  }

  /** Traces `fn` apart from the eager trace; variables point at their old versions again afterwards. */
  captureTrace<T>(fn: () => T): { result: T; nodes: Node[]; draws: Map<Generator, number>; close: () => void } {
    this.check()
    if (this.capturing !== undefined)
      throw new CaptureError('a capture inside a capture', { where: 'capture', hint: 'Capture the outer step only.' })
    this.flush()
    this.capturing = { versions: new Map() }
    const end = (): void => {
      for (const [holder, value] of this.capturing?.versions ?? []) holder.state = value
      this.capturing = undefined
      for (const { outputs } of this.trace) for (const value of outputs) value.gone = 'captured'
      this.trace = []
      for (const value of this.released.splice(0)) this.free(value)
    }
    try {
      const result = fn()
      const draws = new Map<Generator, number>()
      for (const generator of this.generators) {
        const by = generator.close()
        if (by > 0) draws.set(generator, by)
      }
      // `close` is called once the nodes are compiled: until then draws count from this trace.
      return {
        result,
        nodes: this.trace,
        draws,
        close: () => {
          for (const generator of draws.keys()) generator.ran(0)
          end()
        },
      }
    } catch (error) {
      for (const generator of this.generators) generator.ran(0)
      end()
      throw error
    }
  }

  // ---- running -------------------------------------------------------------------------------

  /** Computes everything that is pending, on the calling thread and the pool. */
  flush(): void {
    const job = this.prepare('read a value')
    if (job === undefined) return
    job.settle(this.runtime.run(job.address, 1, job.program.schedule.threads))
  }

  /** The same on the pool alone where the caller must not block. */
  async flushAsync(): Promise<void> {
    while (this.running !== undefined) await this.running.catch(() => undefined)
    if (this.runtime.canBlock) return this.flush()
    const job = this.prepare('read a value')
    if (job === undefined) return
    const { promise, settle } = this.begin(this.runtime.runAsync(job.address, 1, job.program.schedule.threads))
    try {
      job.settle(await promise)
    } finally {
      settle()
    }
  }

  /** Marks the engine busy until `settle` is called: nothing else may run in between. */
  begin<T>(promise: Promise<T>): { promise: Promise<T>; settle: () => void } {
    this.running = promise
    return {
      promise,
      settle: () => {
        this.running = undefined
      },
    }
  }

  /** Throws when a run is in progress or the engine is closed. */
  idle(what: string): void {
    this.check()
    if (this.running !== undefined)
      throw new EngineError(`cannot ${what} while a run is in progress`, { hint: 'Await the run first.' })
  }

  private check(): void {
    if (this.closed) throw new EngineError('the engine is closed', { hint: 'Call init() again for a new one.' })
  }

  private prepare(what: string): Job | undefined {
    this.check()
    if (this.capturing !== undefined)
      throw new CaptureError(`cannot ${what} while a step is being captured`, {
        where: 'capture',
        hint: 'The step has not run yet: return the value from the captured function and read it after run().',
      })
    // What was drawn was recorded, too; and compiled models come by here at every call.
    if (this.trace.length === 0) return undefined
    const draws = [...this.generators].map((generator) => ({ generator, by: generator.close() }))
    const nodes = this.trace
    if (nodes.length === 0) return undefined
    this.idle(what)
    const outputs = new Set<Value>()
    for (const node of nodes)
      for (const [i, target] of targetsOf(node).entries()) {
        const value = node.outputs[i] as Value
        if (value.owners > 0 && target < 0) outputs.add(value)
      }

    const needed = live(nodes, outputs)
    const structure = structureOf(needed, outputs)
    const entry = this.cache.find(structure) ?? this.cache.add(structure, needed, this.compile(needed, outputs))
    const { program, sources } = entry

    const words = program.encoded.words.length
    this.program = this.heap.atLeast(this.program, words * 4)
    this.arena = this.heap.atLeast(this.arena, program.plan.arenaBytes)
    const made: Value[] = []
    try {
      for (const value of outputs) {
        value.storage = this.heap.alloc(byteSize(value))
        made.push(value)
      }
    } catch (error) {
      for (const value of made) this.free({ ...value, owners: 0 })
      for (const value of made) value.storage = undefined
      throw error
    }
    const externals = sources.map((source) => {
      const storage =
        'leaf' in source ? structure.leaves[source.leaf] : needed[source.node]?.outputs[source.output]?.storage
      return (storage as Place).address
    })
    place(program, this.runtime.memory.u32, this.program.address, this.arena.address, externals)
    this.trace = []
    for (const node of nodes) moveVersions(node)
    for (const { generator, by } of draws) generator.ran(by)
    return {
      program,
      address: this.program.address,
      settle: (result) => {
        if (this.tapes.length === 0)
          for (const node of nodes) for (const value of node.outputs) value.producer = undefined
        for (const value of this.released.splice(0)) this.free(value)
        this.raise(program, result)
      },
    }
  }

  private compile(nodes: readonly Node[], outputs: ReadonlySet<Value>): Program {
    try {
      return compile(nodes, outputs, { threads: this.threads, fuse: this.fuses })
    } catch (error) {
      // An operation that cannot be lowered must not stand in the way of all later ones.
      for (const node of this.trace) for (const value of node.outputs) value.gone = 'disposed'
      this.trace = []
      throw error
    }
  }

  /** Throws what the error record of a run says, if anything. */
  raise(program: Program, result: RunResult): void {
    const error = this.failure(program, result)
    if (error !== undefined) throw error
  }

  /** The error record of a run as an exception. */
  failure({ schedule, encoded }: Program, { error }: RunResult): ChainruleError | undefined {
    if (error === undefined) return undefined
    const slot = encoded.positions.indexOf(error.instruction / 4)
    const op = schedule.slots[slot]?.instruction.op ?? 'program'
    if (error.code !== ERROR_INDEX) return new EngineError(`a kernel reported error ${error.code}`, { where: op })
    return new IndexError('an index is out of range', {
      where: op,
      received: `${error.value} at position ${error.position}`,
      hint: 'The step was not applied: variables are as before it.',
    })
  }

  /** Computes what is pending and returns a copy of the elements. */
  read(value: Value): Elements {
    if (value.storage === undefined || this.trace.length > 0) this.flush()
    this.idle('read a value')
    return this.elements(value).slice()
  }
}

/** Why a value cannot be used, and what to do about it. */
export const GONE: Readonly<Record<NonNullable<Value['gone']>, { what: string; hint: string }>> = {
  disposed: { what: 'was disposed of', hint: 'Return it from its scope, or keep() it.' },
  overwritten: { what: 'is an older version of a variable', hint: 'Take a clone() before the update.' },
  captured: {
    what: 'belongs to a captured step',
    hint: 'Return it from the captured function and read it from the step.',
  },
}

/** After an in-place node the new version owns the memory. */
function moveVersions(node: Node): void {
  for (const [i, target] of targetsOf(node).entries()) {
    if (target < 0) continue
    const old = node.inputs[target] as Value
    const next = node.outputs[i] as Value
    next.storage = old.storage
    old.storage = undefined
    old.gone = 'overwritten'
  }
}
