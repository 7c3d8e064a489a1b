import type { Program } from './compile.ts'
import type { Attrs, Node, Storage, Value } from './graph.ts'

/** Programs of eager traces by structure: the same ops on the same shapes are planned and encoded once. */
interface Entry {
  readonly program: Program
  /** Where the storage of each external comes from in another trace of this structure. */
  readonly sources: readonly Source[]
}
type Source = { readonly leaf: number } | { readonly node: number; readonly output: number }

export interface Structure {
  readonly key: string
  readonly leaves: readonly Storage[]
}

/** A text that two traces share exactly when they lower to the same program. */
export function structureOf(nodes: readonly Node[], outputs: ReadonlySet<Value>): Structure {
  const names = new Map<Value, string>()
  const leaves = new Map<Storage, number>()
  const parts: string[] = []
  for (const [i, { op, inputs, outputs: results, attrs }] of nodes.entries()) {
    let text = `${op.name}${op.key === undefined ? attrsText(attrs) : op.key(attrs)}(`
    for (const value of inputs) {
      let name = names.get(value)
      if (name === undefined) {
        const storage = value.storage as Storage
        let leaf = leaves.get(storage)
        if (leaf === undefined) leaves.set(storage, (leaf = leaves.size))
        name = `${leaf}${value.dtype}[${value.shape}]${storage.bytes}`
        names.set(value, name)
      }
      text += `${name},`
    }
    for (const [j, value] of results.entries()) {
      names.set(value, `#${i}.${j}`)
      text += outputs.has(value) ? ')!' : ')'
    }
    parts.push(text)
  }
  return { key: parts.join(';'), leaves: [...leaves.keys()] }
}

const MOST_PROGRAMS = 256

export class ProgramCache {
  private readonly entries = new Map<string, Entry>()

  find({ key }: Structure): Entry | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined) return undefined
    this.entries.delete(key)
    this.entries.set(key, entry)
    return entry
  }

  add({ key, leaves }: Structure, nodes: readonly Node[], program: Program): Entry {
    const leafOf = new Map(leaves.map((storage, i) => [storage, i]))
    const outputOf = new Map<Value, Source>()
    for (const [node, { outputs }] of nodes.entries())
      for (const [output, value] of outputs.entries()) outputOf.set(value, { node, output })
    const sources = program.externals.map(
      ({ storage, output }): Source =>
        storage === undefined ? (outputOf.get(output as Value) as Source) : { leaf: leafOf.get(storage) as number },
    )
    // The entry must not keep the tensors of its first trace alive.
    const entry: Entry = { program: { ...program, nodes: [], externals: [] }, sources }
    this.entries.set(key, entry)
    if (this.entries.size > MOST_PROGRAMS) this.entries.delete(this.entries.keys().next().value as string)
    return entry
  }
}

/** Attributes as text that tells every number apart (JSON does not know NaN, Infinity and -0). */
export const attrsText = (attrs: Attrs): string =>
  JSON.stringify(attrs, (_, value: unknown) =>
    typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)) ? `${1 / value}:${value}` : value,
  )
