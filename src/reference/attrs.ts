import type { Attrs } from './tensor.ts'

export function number(attrs: Attrs, name: string): number {
  const value = attrs[name]
  if (typeof value !== 'number') throw new TypeError(`attribute ${name} must be a number`)
  return value
}

export function numbers(attrs: Attrs, name: string): readonly number[] {
  const value = attrs[name]
  if (!Array.isArray(value)) throw new TypeError(`attribute ${name} must be an array of numbers`)
  return value
}

export function flag(attrs: Attrs, name: string): boolean {
  return attrs[name] === true
}

export function text(attrs: Attrs, name: string): string {
  const value = attrs[name]
  if (typeof value !== 'string') throw new TypeError(`attribute ${name} must be a string`)
  return value
}

/** The axes of a reduction, counted from 0 and in order; none given means all. */
export function axes(attrs: Attrs, rank: number): number[] {
  const given = (attrs['axes'] as readonly number[] | null | undefined) ?? Array.from({ length: rank }, (_, i) => i)
  return given.map((axis) => fromEnd(axis, rank)).sort((a, b) => a - b)
}

export function axis(attrs: Attrs, rank: number): number {
  return fromEnd(number(attrs, 'axis'), rank)
}

function fromEnd(value: number, rank: number): number {
  return value < 0 ? value + rank : value
}
