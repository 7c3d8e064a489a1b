export type Numbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

export interface TensorRef {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly t32?: number
}

export interface GoldenTensor extends TensorRef {
  readonly data: Numbers
}

export interface GoldenCase {
  readonly id: string
  readonly op: string
  readonly attrs?: Readonly<Record<string, unknown>>
  readonly inputs: readonly TensorRef[]
  readonly outputs: readonly TensorRef[]
  readonly grad_outputs?: readonly TensorRef[]
  readonly grads?: readonly TensorRef[]
  readonly batches?: readonly TensorRef[]
  readonly lrs?: readonly number[]
  readonly loss?: readonly number[]
  readonly t32_max_rel?: number
  readonly steps?: number
  readonly optimizer?: Readonly<Record<string, unknown>>
  readonly model?: string
  readonly optional?: boolean
  readonly note?: string
}

export interface Suite {
  readonly suite: string
  readonly cases: readonly GoldenCase[]
  tensor(ref: TensorRef): GoldenTensor
}

export function loadSuite(file: string): Suite

export function compare(
  got: { readonly shape?: readonly number[]; readonly data: ArrayLike<number> } | undefined,
  want: GoldenTensor,
  tolerance?: { readonly rtol?: number; readonly atol?: number },
): string | null
