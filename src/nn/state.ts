import { ArgumentError, DataError } from '../errors.ts'
import { tensor } from '../ops/create.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import { scope } from '../tensor/scope.ts'

export type StateData = Float32Array | Int32Array | Float64Array

export interface StateEntry {
  readonly shape: readonly number[]
  readonly data: StateData
}

/** Values of variables by name, as they are saved. */
export type State = Map<string, StateEntry>

/** A variable to save or load; `axes` is the transposition from memory to the saved form. */
export interface StateSlot {
  readonly name: string
  readonly variable: Variable
  readonly axes?: readonly number[] | undefined
}

export interface LoadReport {
  readonly missing: readonly string[]
  readonly unexpected: readonly string[]
  readonly misshaped: readonly string[]
}

/** All values at one moment: the reads are asked for before the first one is awaited. */
export async function readState(slots: readonly StateSlot[]): Promise<State> {
  const values = await Promise.all(slots.map(({ variable }) => variable.data()))
  const state: State = new Map()
  slots.forEach(({ name, variable, axes }, i) => {
    if (state.has(name)) throw new ArgumentError('two variables have the same name', { where: name })
    state.set(name, permute({ shape: variable.shape, data: values[i] as StateData }, axes))
  })
  return state
}

/** Sets the variables from `state`; nothing changes unless everything that has to fit does. */
export function loadState(
  slots: readonly StateSlot[],
  state: State | Iterable<readonly [string, StateEntry]>,
  strict: boolean,
): LoadReport {
  const entries = new Map(state)
  const named = new Set(slots.map(({ name }) => name))
  const given = new Set(slots.filter(({ name }) => entries.has(name)).map(({ variable }) => variable))
  const missing: string[] = []
  const misshaped: string[] = []
  const values = new Map<Variable, StateEntry>()
  for (const { name, variable, axes } of slots) {
    const entry = entries.get(name)
    if (entry === undefined) {
      // A tied variable is there if any of its names is.
      if (!given.has(variable)) missing.push(name)
      continue
    }
    const fault = misfit(variable, entry, axes)
    if (fault !== undefined) misshaped.push(`${name}: ${fault}`)
    else {
      const value = permute(entry, axes === undefined ? undefined : inverse(axes))
      const other = values.get(variable)
      if (other?.data.some((word, i) => !Object.is(word, value.data[i])))
        misshaped.push(`${name}: differs from another name of the same tied variable`)
      values.set(variable, value)
    }
  }
  // PyTorch's count of batches beside running statistics is of no use here
  const unexpected = [...entries.keys()].filter(
    (name) => !named.has(name.replace(/num_batches_tracked$/, 'running_mean')),
  )
  const report = { missing, unexpected, misshaped }
  if (strict && missing.length + unexpected.length + misshaped.length > 0) throw refuse(report)
  scope(() => {
    for (const [variable, { shape, data }] of values) variable.assign(tensor(data, shape, { dtype: variable.dtype }))
  })
  return report
}

function refuse({ missing, unexpected, misshaped }: LoadReport): DataError {
  const parts = [
    ['missing', missing],
    ['unexpected', unexpected],
    ['wrong', misshaped],
  ] as const
  const text = parts.filter(([, names]) => names.length > 0).map(([what, names]) => `${what}: ${list(names)}`)
  return new DataError(`the state does not fit the model (nothing was loaded); ${text.join('; ')}`, {
    where: 'loadStateDict',
    hint: 'Build the model with the sizes it was saved with, or pass { strict: false } to load what fits.',
  })
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(', ')
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown
}

function misfit(
  variable: Tensor,
  { shape, data }: StateEntry,
  axes: readonly number[] | undefined,
): string | undefined {
  const want = axes === undefined ? variable.shape : axes.map((axis) => variable.shape[axis] as number)
  if (want.length !== shape.length || want.some((n, i) => n !== shape[i]))
    return `expected shape [${want.join(', ')}], received [${shape.join(', ')}]`
  const type = { float32: Float32Array, int32: Int32Array, float64: Float64Array }[variable.dtype]
  if (!(data instanceof type)) return `expected ${type.name}, received ${data?.constructor?.name ?? typeof data}`
  if (data.length !== variable.size) return `expected ${variable.size} numbers, received ${data.length}`
  return undefined
}

const inverse = (axes: readonly number[]): number[] => axes.map((_, i) => axes.indexOf(i))

/** Transposes on the host. Without axes, the entry itself. */
function permute(entry: StateEntry, axes: readonly number[] | undefined): StateEntry {
  if (axes === undefined) return entry
  const { data } = entry
  const shape = axes.map((axis) => entry.shape[axis] as number)
  const steps = axes.map((axis) => entry.shape.slice(axis + 1).reduce((product, n) => product * n, 1))
  const out = data.slice()
  for (let i = 0; i < out.length; i++) {
    let from = 0
    let rest = i
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const n = shape[axis] as number
      from += (rest % n) * (steps[axis] as number)
      rest = Math.floor(rest / n)
    }
    out[i] = data[from] as number
  }
  return { shape, data: out }
}
