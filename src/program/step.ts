import { DisposedError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { compile, type Program, place } from './compile.ts'
import type { Elements, Engine } from './engine.ts'
import type { Generator } from './generator.ts'
import { byteSize, createNode, createValue, type Spec, sizeOf, type Value } from './graph.ts'
import type { Place } from './heap.ts'
import { advance, clone, record } from './internal-ops.ts'
import { memoryMap, printProgram } from './print.ts'

/** Steps whose scalar outputs are kept between two reads of the curves. */
const CURVE_CAPACITY = 4096

export interface Captured {
  readonly inputs: Readonly<Record<string, Value>>
  readonly outputs: Readonly<Record<string, Value>>
}
export interface RunManyOptions {
  /** Honoured at the end of a step: the promise rejects with its reason, variables are those of the last whole step. */
  readonly signal?: AbortSignal | undefined
}
/** Steps that ran, and every scalar output of each of them; empty for outputs that are no float32 scalars. */
export interface Curves<O extends string = string> {
  readonly steps: number
  readonly curves: Readonly<Record<O, Float32Array>>
}
/** The same of a run that may have ended early: by an abort, or by what a kernel found wrong in the data. */
export interface Attempt<O extends string = string> extends Curves<O> {
  /** The error of the step that was not applied. */
  readonly failure: unknown
}

/**
 * A captured step: an encoded program with memory of its own. Running it is one call; nothing is allocated.
 */
export class CompiledStep {
  readonly engine: Engine
  readonly program: Program
  readonly inputs: ReadonlyMap<string, Value>
  readonly outputs: ReadonlyMap<string, Value>
  /** Bytes that the step keeps alive: program, arena, inputs, outputs, curves, and the variables and data it works on. */
  readonly peakBytes: number
  /** Where the scalar outputs of every step are kept; for tools. */
  readonly curves: Map<string, Value> = new Map()
  private readonly draws: ReadonlyMap<Generator, number>
  /** All memory that it keeps alive; one may occur twice. */
  readonly owned: Place[] = []
  /** What intermediate results share. */
  readonly arena: Place
  /** Where its words are. */
  readonly address: number
  private steps = 0
  private disposed = false

  constructor(
    engine: Engine,
    specs: Readonly<Record<string, Spec>>,
    trace: (inputs: Captured['inputs']) => Captured['outputs'],
  ) {
    this.engine = engine
    const inputs = new Map<string, Value>()
    for (const [name, spec] of Object.entries(specs)) inputs.set(name, this.own(engine, spec))
    this.inputs = inputs
    const cursor = this.own(engine, { shape: [2], dtype: 'int32' })
    const { result, nodes, draws, close } = engine.captureTrace(() => trace(Object.fromEntries(inputs)))
    this.draws = draws
    let traced: ReadonlyMap<string, Value>
    try {
      const seen = new Set<Value>()
      const outputs = new Map<string, Value>()
      for (const [name, made] of Object.entries(result)) {
        let value = made
        if (made.producer?.op.inPlace !== undefined || seen.has(made)) {
          const copy = createNode(clone, [made], {})
          nodes.push(copy)
          value = copy.outputs[0] as Value
        }
        seen.add(value)
        outputs.set(name, value)
        if (value.dtype !== 'float32' || value.shape.length !== 0) continue
        const curve = this.own(engine, { shape: [CURVE_CAPACITY], dtype: 'float32' })
        this.curves.set(name, curve)
        nodes.push(createNode(record, [value, curve, cursor], {}))
      }
      if (this.curves.size > 0) {
        nodes.push(createNode(advance, [cursor], { by: 1, word: 0 }))
      }
      traced = outputs
      this.program = compile(nodes, new Set(outputs.values()), { threads: engine.threads, fuse: engine.fuses })
      // Before the capture ends: it may hold the last handle on what the program reads.
      for (const { storage } of this.program.externals)
        if (storage !== undefined) this.keep(engine.heap.retain(storage as Place))
    } catch (error) {
      for (const storage of this.owned) engine.heap.release(storage)
      throw error
    } finally {
      close()
    }

    const { program } = this
    const arena = this.keep(engine.heap.alloc(program.plan.arenaBytes))
    this.arena = arena
    const words = this.keep(engine.heap.alloc(program.encoded.words.byteLength))
    const results = new Map<Value, Value>()
    const addresses = program.externals.map(({ storage, output }) => {
      if (output === undefined) return (storage as Place).address
      const place = this.keep(engine.heap.alloc(byteSize(output)))
      results.set(output, createValue(output, undefined, 0, place))
      return place.address
    })
    this.outputs = new Map([...traced].map(([name, value]) => [name, results.get(value) as Value]))
    this.peakBytes = [...new Set(this.owned)].reduce((sum, { bytes }) => sum + bytes, 0)
    this.address = words.address
    place(program, engine.runtime.memory.u32, words.address, arena.address, addresses)
  }

  private keep(storage: Place): Place {
    this.owned.push(storage)
    return storage
  }

  private own(engine: Engine, spec: Spec): Value {
    const storage = this.keep(engine.heap.alloc(byteSize(spec)))
    const value = engine.retain(createValue(spec, undefined, 0, storage))
    engine.elements(value).fill(0)
    return value
  }

  get barriers(): number {
    return this.program.schedule.barriers
  }
  get instructions(): number {
    return this.program.schedule.slots.length
  }
  get threads(): number {
    return this.program.schedule.threads
  }
  /** Bytes of the memory that intermediate results share. */
  get arenaBytes(): number {
    return this.program.plan.arenaBytes
  }

  /** Writes an input; it stays until it is written again. */
  write(name: string, data: ArrayLike<number>): void {
    const value = this.inputs.get(name)
    if (value === undefined)
      throw new ShapeError('the step has no such input', {
        where: 'step',
        expected: `one of ${[...this.inputs.keys()].join(', ') || '(none)'}`,
        received: name,
      })
    if (data.length !== sizeOf(value.shape))
      throw new ShapeError(`the data does not fill input ${name}`, {
        where: 'step',
        expected: `${sizeOf(value.shape)} numbers for [${value.shape}]`,
        received: `${data.length}`,
      })
    this.ready()
    this.engine.elements(value).set(data)
  }

  /** One step on the calling thread and the pool. */
  run(): void {
    this.ready()
    const { engine, program } = this
    const result = engine.runtime.run(this.address, 1, program.schedule.threads)
    this.ran(result.steps)
    engine.raise(program, result)
  }

  /** Many steps on the pool, without JavaScript in between; the caller is free. */
  async runMany(steps: number, options: RunManyOptions = {}): Promise<Curves> {
    this.ready()
    const { signal } = known('runMany', options, 'signal')
    signal?.throwIfAborted()
    const { failure, ...result } = await this.attempt(steps, options)
    if (failure !== undefined) throw failure
    signal?.throwIfAborted()
    return result
  }

  /** The same, but what ends it early is no exception: the result says how many steps were done, and their curves. */
  async attempt(steps: number, { signal }: RunManyOptions = {}): Promise<Attempt> {
    this.ready()
    const { engine, program } = this
    const parts = new Map([...this.curves.keys()].map((name): [string, Float32Array[]] => [name, []]))
    let done = 0
    let failure: unknown
    while (done < steps && failure === undefined && signal?.aborted !== true) {
      const first = this.steps % CURVE_CAPACITY
      const asked = Math.min(steps - done, CURVE_CAPACITY - first)
      const { promise, settle } = engine.begin(
        engine.runtime.runAsync(this.address, asked, program.schedule.threads, signal),
      )
      const result = await promise.finally(settle)
      this.ran(result.steps)
      done += result.steps
      for (const [name, list] of parts)
        list.push((engine.elements(this.curves.get(name) as Value) as Float32Array).slice(first, first + result.steps))
      failure = engine.failure(program, result)
    }
    return {
      steps: done,
      failure,
      curves: Object.fromEntries(
        [...this.outputs.keys()].map((name) => [name, concatenate(parts.get(name) ?? [], parts.has(name) ? done : 0)]),
      ),
    }
  }

  /** The generators that a run draws from. */
  get generators(): Iterable<Generator> {
    return this.draws.keys()
  }

  private ran(steps: number): void {
    this.steps += steps
    if (this.draws.size === 0) return
    for (const [generator, by] of this.draws) generator.ran(by, steps)
  }

  /** A copy of an output of the last step. */
  read(name: string): Elements {
    this.ready()
    return this.engine.elements(this.outputs.get(name) as Value).slice()
  }

  /** Throws where the step cannot run; what was computed eagerly so far is in memory then, and nothing else runs. */
  ready(): void {
    if (this.disposed) throw new DisposedError('the step was disposed of', { where: 'step' })
    this.engine.flush()
    this.engine.idle('run the step')
  }

  /** The program as text: an instruction a line. */
  print(): string {
    return printProgram(this.program)
  }

  /** Who lives where and how long in the step's arena. */
  memoryMap(): string {
    return memoryMap(this.program)
  }

  dispose(): void {
    if (this.disposed) return
    if (!this.engine.isClosed) this.engine.idle('dispose of the step')
    this.disposed = true
    for (const storage of this.owned) this.engine.heap.release(storage)
  }
}

function concatenate(parts: readonly Float32Array[], length: number): Float32Array {
  const result = new Float32Array(length)
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}
