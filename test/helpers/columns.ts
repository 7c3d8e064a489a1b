// A table of 2,500 rows as columnar files hold it, and as it is read: two columns have gaps.

export const rows = 2500
export const range = Array.from({ length: rows }, (_, i) => i)
export const weights = range.map((i) => (i % 100 === 7 ? null : i / 4))
export const colours = range.map((i) => (i % 50 === 3 ? null : (['red', 'green', 'blue'][i % 3] as string)))

export const expected = [
  { kind: 'number', name: 'weight', values: Float64Array.from(weights, (value) => value ?? Number.NaN) },
  {
    kind: 'category',
    name: 'colour',
    codes: Int32Array.from(range, (i) => (colours[i] === null ? -1 : i % 3)),
    categories: ['red', 'green', 'blue'],
  },
  { kind: 'category', name: 'ripe', codes: Int32Array.from(range, (i) => i % 2), categories: ['true', 'false'] },
  { kind: 'number', name: 'count', values: Float64Array.from(range) },
]
