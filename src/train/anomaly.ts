import { AnomalyError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Engine } from '../program/engine.ts'
import type { Node, Value } from '../program/graph.ts'
import type { Feed } from './feed.ts'
import type { Kit } from './kit.ts'
import type { Metrics } from './metric.ts'
import type { Steps } from './steps.ts'

// Which operation gave the first number that is not finite: a step is done once more, operation by operation, with every
// result kept.

/** Nodes from this number on belong to a layer; up to the next mark. */
interface Mark {
  readonly from: number
  readonly layer: string | undefined
}

/** Some steps that hold a number that is not finite. */
export interface Suspects<K extends string, M extends Metrics> {
  readonly kit: Kit
  readonly engine: Engine
  readonly model: Module
  readonly feed: Feed<K>
  readonly steps: Steps<K, M>
  /** Steps before them, and how many they are. */
  readonly first: number
  readonly count: number
  /** Goes back to before them. */
  rewind(): Promise<void>
}

/** Does the steps once more, throws the AnomalyError of the first bad number, and leaves the run as before the steps. */
export async function findAnomaly<K extends string, M extends Metrics>(suspects: Suspects<K, M>): Promise<void> {
  const { kit, engine, model, feed, steps, first, count, rewind } = suspects
  await rewind()
  try {
    for (let i = 1; i <= count; i++) {
      const ready = await feed.ready(1)
      if (ready === undefined) break
      await inspectStep(kit, engine, model, (await steps.of(ready.kind)).trace, first + i)
      feed.ran(1)
    }
  } finally {
    await rewind()
  }
  throw new AnomalyError('step', first + count, 'a loss or a weight is not finite', { where: 'train' })
}

/** Runs one step and throws an AnomalyError if any of its results is NaN or infinite. `number` is that of the step, from 1. */
async function inspectStep(
  kit: Kit,
  engine: Engine,
  model: Module,
  step: () => Readonly<Record<string, Tensor>>,
  number: number,
): Promise<void> {
  await engine.flushAsync()
  const layers: Mark[] = []
  const tape = engine.startTape()
  const restore = watchForwards(kit, model, layers)
  try {
    const results = kit.within(engine, step)
    for (const result of Object.values(results)) result.dispose()
    await engine.flushAsync()
    const nodes = new Map<number, Node>()
    for (const { producer } of tape.values) if (producer !== undefined) nodes.set(producer.id, producer)
    for (const node of [...nodes.values()].sort((a, b) => a.id - b.id)) {
      const bad = node.outputs.map((value) => badNumber(engine, value)).find((found) => found !== undefined)
      if (bad !== undefined) throw report(kit, engine, model, node, bad, number, nodes, layers)
    }
  } finally {
    restore()
    engine.stopTape(tape)
  }
}

/** Every forward function notes the numbers of its nodes. */
function watchForwards({ nextNode }: Kit, model: Module, layers: Mark[]): () => void {
  const open: string[] = []
  const watched: Module[] = []
  for (const [path, module] of model.namedModules()) {
    const original = module.forward as (...inputs: unknown[]) => unknown
    const name = path === '' ? model.kind : `${model.kind}.${path} (${module.kind})`
    const forward = (...inputs: unknown[]): unknown => {
      open.push(name)
      layers.push({ from: nextNode(), layer: name })
      try {
        return original.apply(module, inputs)
      } finally {
        open.pop()
        layers.push({ from: nextNode(), layer: open.at(-1) })
      }
    }
    Object.defineProperty(module, 'forward', { value: forward, configurable: true, enumerable: false })
    watched.push(module)
  }
  return () => {
    for (const module of watched) delete (module as { forward?: unknown }).forward
  }
}

function report(
  { places }: Kit,
  engine: Engine,
  model: Module,
  node: Node,
  bad: number,
  step: number,
  nodes: ReadonlyMap<number, Node>,
  layers: readonly Mark[],
): AnomalyError {
  const forward = node.origin === undefined ? undefined : nodes.get(node.origin)
  const layer = layers.findLast(({ from }) => from <= (node.origin ?? node.id))?.layer
  const updated = node.outputs.flatMap((value) => {
    const place = [...places(model)].find(({ variable }) => variable.state === value)
    return place === undefined ? [] : [place.path]
  })
  const what =
    forward !== undefined
      ? `${node.op.name}, of the gradient of ${forward.op.name}`
      : updated.length > 0
        ? `${node.op.name}, the update of ${updated[0]}`
        : node.op.name
  const given = node.inputs.map((value) => badNumber(engine, value)).find((found) => found !== undefined)
  const error = new AnomalyError(node.op.name, step, `the first ${bad} of the run`, {
    where: `step ${step}, ${what}`,
    hint:
      given === undefined
        ? 'Its operands are finite.'
        : `One of its operands holds ${given} already: data, a constant or a variable that is not part of the model.`,
  })
  if (layer !== undefined) error.locate(layer)
  return error
}

/** The first number of a value that is not finite. */
function badNumber(engine: Engine, value: Value): number | undefined {
  if (value.storage === undefined || value.dtype === 'int32') return undefined
  const data = engine.elements(value) as Float32Array
  return data.find((x) => !Number.isFinite(x))
}
