import { zeros } from '../ops/create.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import type { DType } from '../program/graph.ts'
import { scope } from '../tensor/scope.ts'
import { type Module, places } from './module.ts'

type Row = readonly [layer: string, output: string, parameters: string, bytes: string]

/** The table of `Module.summary`. */
export function summarize(model: Module, inputShape: readonly number[] | undefined, dtype: DType): string {
  const outputs = inputShape === undefined ? undefined : outputShapes(model, inputShape, dtype)
  const counted = new Set<Variable>()
  const modules = [...model.namedModules()]
  const rows: Row[] = []
  for (const [path, module] of modules) {
    const own = [...places(module)].filter(({ owner }) => owner === module).map(({ variable }) => variable)
    const leaf = !modules.some(([other]) => other !== path && (path === '' || other.startsWith(`${path}.`)))
    if (own.length === 0 && !leaf) continue
    const fresh = [...new Set(own)].filter((variable) => !counted.has(variable))
    for (const variable of fresh) counted.add(variable)
    const n = count(fresh)
    rows.push([
      path === '' ? module.kind : `${path} (${module.kind})`,
      outputs?.get(module) ?? '',
      own.length > 0 && fresh.length === 0 ? 'tied' : group(n),
      group(bytes(fresh)),
    ])
  }
  const all = [...counted]
  const trained = count(model.parameters())
  const total = `${group(count(all))} parameters (${group(trained)} trained), ${group(bytes(all))} bytes`
  return `${table(rows, outputs !== undefined)}\n${total}`
}

/** What each module gives for an input of zeros: traced in evaluation mode, never computed. */
function outputShapes(model: Module, inputShape: readonly number[], dtype: DType): Map<Module, string> {
  const shapes = new Map<Module, string>()
  const modules = [...model.namedModules()].map(([, module]) => module)
  const modes = modules.map((module) => module.training)
  try {
    for (const module of modules) {
      module.training = false
      const forward = module.forward as (...inputs: unknown[]) => unknown
      // An own property hides the method until it is deleted.
      module.forward = (...inputs: unknown[]): unknown => {
        const output = forward.apply(module, inputs)
        if (isTensor(output)) shapes.set(module, `[${output.shape.join(', ')}]`)
        return output
      }
    }
    const run = model.forward as unknown as (x: Tensor) => unknown
    scope(() => void run(zeros(inputShape, { dtype })))
  } finally {
    modules.forEach((module, i) => {
      delete (module as { forward?: unknown }).forward
      module.training = modes[i] as boolean
    })
  }
  return shapes
}

const isTensor = (value: unknown): value is Tensor => typeof value === 'object' && value !== null && 'shape' in value
const count = (variables: readonly Tensor[]): number => variables.reduce((sum, { size }) => sum + size, 0)
const bytes = (variables: readonly Tensor[]): number =>
  variables.reduce((sum, { size, dtype }) => sum + size * (dtype === 'float64' ? 8 : 4), 0)
const group = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',')

function table(rows: readonly Row[], outputs: boolean): string {
  const all = [['layer', 'output', 'parameters', 'bytes'], ...rows]
  const columns = outputs ? [0, 1, 2, 3] : [0, 2, 3]
  const cell = (row: readonly string[], at: number): string => {
    const width = Math.max(...all.map((other) => (other[at] as string).length))
    return at < 2 ? (row[at] as string).padEnd(width) : (row[at] as string).padStart(width)
  }
  return all.map((row) => columns.map((at) => cell(row, at)).join('  ')).join('\n')
}
