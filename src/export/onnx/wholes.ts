// Layers that ONNX has as one operator, while here they are recorded as several operations.

import { BatchNorm } from '../../nn/batch-norm.ts'
import type { LayerSpan } from '../../nn/module.ts'
import type { Value } from '../../program/graph.ts'
import type { Builder } from './builder.ts'
import type { GraphNode, GraphValue, Stored } from './trace.ts'

/** A layer's nodes, and what they become together. */
export interface Whole {
  readonly nodes: ReadonlySet<GraphNode>
  readonly layer: string | undefined
  readonly output: GraphValue
  write(build: Builder): string
}

/** By the first node of each. */
export function wholesOf(
  nodes: readonly GraphNode[],
  spans: readonly LayerSpan[],
  stored: ReadonlyMap<Value, Stored>,
): Map<GraphNode, Whole> {
  const found = new Map<GraphNode, Whole>()
  for (const span of spans) {
    if (!(span.module instanceof BatchNorm)) continue
    const inside = nodes.filter(({ id }) => span.first <= id && id < span.end)
    const [first] = inside
    const whole = first && batchNorm(span.module, inside, stored)
    if (whole !== undefined) found.set(first as GraphNode, whole)
  }
  return found
}

/** Normalization by running statistics: undefined where the nodes are not those of this layer alone. */
function batchNorm(
  { eps, weight, bias, running_mean, running_var, channels }: BatchNorm,
  inside: readonly GraphNode[],
  stored: ReadonlyMap<Value, Stored>,
): Whole | undefined {
  const nodes = new Set(inside)
  const x = inside[0]?.inputs[0]
  const output = inside.at(-1)?.outputs[0]
  const read = new Set(inside.flatMap(({ inputs }) => inputs))
  const variables = [weight, bias, running_mean, running_var].map((variable) => {
    const name = variable && stored.get(variable.state)
    return name && [...read].find((value) => value.stored === name)
  })
  const [scale, shift, mean, variance] = variables
  const has = (wanted: unknown, value: GraphValue | undefined): boolean => wanted === undefined || value !== undefined
  if (x === undefined || output === undefined || mean === undefined || variance === undefined) return undefined
  if (!has(weight, scale) || !has(bias, shift)) return undefined
  // What else is read is made here or constant.
  if (
    [...read].some((value) => value !== x && !(value.producer ? nodes.has(value.producer) : value.data !== undefined))
  )
    return undefined
  return {
    nodes,
    layer: inside[0]?.layer,
    output,
    write(build) {
      const filled = (value: GraphValue | undefined, number: number, base: string): string =>
        value === undefined
          ? build.constant(new Float32Array(channels).fill(number), [channels], base)
          : build.name(value)
      const operands = [filled(scale, 1, 'ones'), filled(shift, 0, 'zeros'), build.name(mean), build.name(variance)]
      return build.node('BatchNormalization', [build.name(x), ...operands], { epsilon: { float: eps } })
    },
  }
}
