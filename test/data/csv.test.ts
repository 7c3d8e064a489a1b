import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gunzipped } from '../../src/data/bytes.ts'
import { type CsvOptions, csvRows, readCsv } from '../../src/data/csv.ts'
import { ArgumentError, DataError } from '../../src/errors.ts'
import { openFile } from '../../src/io/node.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

async function records(source: Parameters<typeof csvRows>[0], options: CsvOptions = { header: false }) {
  const rows: (readonly string[])[] = []
  for await (const { fields } of csvRows(source, options)) rows.push(fields)
  return rows
}

describe('csvRows', () => {
  test.each<[string, string, string[][], CsvOptions?]>([
    [
      'plain fields',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'no line end at the end',
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'CR LF',
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'CR at the end',
      'a,b\r\nc,d\r',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a byte order mark',
      '\ufeffa,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'quotes',
      '"a","b ""c"" d"\n"",x',
      [
        ['a', 'b "c" d'],
        ['', 'x'],
      ],
    ],
    ['delimiters and line ends in quotes', '"a,b\r\nc\n",d', [['a,b\r\nc\n', 'd']]],
    [
      'empty fields',
      ',\n,x\nx,',
      [
        ['', ''],
        ['', 'x'],
        ['x', ''],
      ],
    ],
    [
      'empty lines, left out',
      '\n\na,b\n\r\nc,d\n\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['an empty text in quotes, kept', 'a\n""\nb', [['a'], [''], ['b']]],
    ['spaces, kept', ' a , b\n', [[' a ', ' b']]],
    [
      'spaces, trimmed',
      ' a , "b " \n\t c,d',
      [
        ['a', 'b '],
        ['c', 'd'],
      ],
      { header: false, trim: true, delimiter: ',' },
    ],
    ['quotes as text', 'a"b\t"c"\n', [['a"b', '"c"']], { header: false, quote: false }],
    [
      'tabs',
      'a,b\tc\n1\t3',
      [
        ['a,b', 'c'],
        ['1', '3'],
      ],
    ],
    [
      'semicolons',
      'a;b;c\n1,5;2,5;3\n',
      [
        ['a', 'b', 'c'],
        ['1,5', '2,5', '3'],
      ],
    ],
    [
      'bars',
      'a|b\n1|2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['one column', 'a\nb', [['a'], ['b']]],
    ['a given delimiter', 'a:b,c\n', [['a', 'b,c']], { header: false, delimiter: ':' }],
    [
      'other alphabets',
      'ä,漢\n😀,x',
      [
        ['ä', '漢'],
        ['😀', 'x'],
      ],
    ],
    ['skipped records', 'x,y,z\na,b\n', [['a', 'b']], { header: false, skip: 1, delimiter: ',' }],
  ])('reads %s', async (_, text, expected, options) => {
    expect(await records(text, options)).toEqual(expected)
    // The same in pieces of one byte, which cut characters, quotes and line ends apart.
    const bytes = utf8(text)
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
    expect(await records(single, options)).toEqual(expected)
  })

  test('numbers rows as the file has them', async () => {
    const rows = []
    for await (const row of csvRows('n,t\n1,"a\nb"\n\n2,c\n')) rows.push(row)
    expect(rows).toEqual([
      { row: 2, fields: ['1', 'a\nb'], names: ['n', 't'] },
      { row: 3, fields: ['2', 'c'], names: ['n', 't'] },
    ])
  })

  const big = utf8(`a,b\n${Array.from({ length: 40_000 }, (_, i) => `${i},"x${i}"`).join('\n')}`)
  test.each<[string, () => Parameters<typeof csvRows>[0]]>([
    ['bytes', () => big],
    ['an ArrayBuffer', () => big.slice().buffer],
    ['a Blob', () => new Blob([big.slice()])],
    ['a ReadableStream', () => new Blob([big.slice()]).stream()],
    ['gzip data', () => gunzipped(gzipSync(big))],
    [
      'an async iterable',
      async function* () {
        for (let i = 0; i < big.length; i += 1001) yield big.subarray(i, i + 1001)
      } as () => AsyncIterable<Uint8Array>,
    ],
  ])('reads from %s', async (_, source) => {
    const rows = await records(source(), {})
    expect(rows.length).toBe(40_000)
    expect(rows[39_999]).toEqual(['39999', 'x39999'])
  })

  test('reads a file again and again, and lets go of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chainrule-csv-'))
    try {
      const path = join(folder, 'a.csv')
      writeFileSync(path, big)
      const file = openFile(path)
      for (let i = 0; i < 3; i++) {
        for await (const { fields } of csvRows(file)) {
          expect(fields).toEqual(['0', 'x0'])
          break
        }
      }
      expect((await records(file, {})).length).toBe(40_000)
      writeFileSync(path, 'a,b\n1\n')
      await expect(records(file, {})).rejects.toThrow(`${path}: row 2: too few fields`)
      await expect(records(openFile(join(folder, 'none.csv')))).rejects.toThrow(
        /none\.csv: cannot be read: no such file/,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('stops the source when the reader stops', async () => {
    let closed = false
    const source = (async function* () {
      try {
        for (;;) yield utf8('a,b\n'.repeat(50_000))
      } finally {
        closed = true
      }
    })()
    for await (const _ of csvRows(source)) break
    expect(closed).toBe(true)
    let cancelled = false
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(utf8('a,b\n'.repeat(50_000))),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const _ of csvRows(stream)) break
    expect(cancelled).toBe(true)
  })

  test.each<[string, string, RegExp, CsvOptions?]>([
    ['a quote inside a field', 'a,b\n1,x"y\n', /row 2, column 2 \(line 2\): a quote inside a field/],
    ['text behind a quote', 'a,b\n"1"x,2\n', /row 2, column 1 \(line 2\): text behind a closing quote/],
    [
      'an open quote',
      'a,b\n1,"x\ny\n',
      /row 2, column 2 \(line 4\): a quote that opens in line 2 or later is not closed/,
    ],
    ['too few fields', 'a,b\n1,2\n3\n', /row 3: too few fields; expected 2, as the header has, received 1/],
    ['too many fields', 'a,b\n1,2\n3,4,5\n', /row 3: too many fields; expected 2.*received 3/],
    ['a lone CR', 'a,b\r1,2\r', /column 3 \(line 1\): a carriage return without a line feed/],
    ['NUL', 'a,b\n\0,2', /row 2, column 1 \(line 2\): a NUL character/],
    ['two columns of one name', 'a,b,a\n1,2,3', /row 1, column 3: two columns are named "a".*column 1/],
    ['a column without a name', 'a,,c\n1,2,3', /row 1, column 2: a column without a name/],
    [
      'a long field',
      `a,b\n1,${'x'.repeat(101)}\n`,
      /row 2, column 2 .*too long; expected at most 100/,
      { maxField: 100 },
    ],
    [
      'a quote that never closes',
      `a,b\n1,"${'x\n'.repeat(500)}`,
      /too long.*Is a closing quote missing/,
      { maxField: 100 },
    ],
    ['many columns', 'a,b,c,d\n', /row 1, column 4 .*too many columns; expected at most 3/, { maxColumns: 3 }],
  ])('refuses %s', async (_, text, message, options = {}) => {
    await expect(records(text, { name: 'f', ...options })).rejects.toThrow(message)
    await expect(records(text, { name: 'f', ...options })).rejects.toThrow(DataError)
    await expect(records(text, { name: 'f', ...options })).rejects.toThrow(/^f: /)
  })

  test('refuses what is no text', async () => {
    await expect(records(Uint8Array.of(0x61, 0x2c, 0x62, 0x0a, 0xff, 0xfe))).rejects.toThrow(
      /not UTF-8 text near byte 4/,
    )
    await expect(records(Uint8Array.of(0x61, 0xc3))).rejects.toThrow(/not UTF-8 text near byte 2/)
    await expect(records(['text'] as unknown as Uint8Array[])).rejects.toThrow(DataError)
    await expect(records(7 as unknown as string)).rejects.toThrow(/nothing to read from.*received number/)
    await expect(records(gzipSync(big))).rejects.toThrow(/not UTF-8 text.*It is gzip data: read gunzipped\(source\)/)
    const broken = gzipSync(big).subarray(0, 5000)
    await expect(records(gunzipped(broken))).rejects.toThrow(/corrupt or truncated gzip data/)
    await expect(records(gunzipped(Buffer.concat([gzipSync('a,b'), utf8('tail bytes')])))).rejects.toThrow(DataError)
    const failing = (async function* () {
      yield utf8('a,b\n')
      throw new Error('the cable')
    })()
    await expect(records(failing)).rejects.toThrow(/cannot be read after byte 4: the cable/)
  })

  test.each<CsvOptions>([{ delimiter: '' }, { delimiter: '"' }, { delimiter: ',,' }, { skip: -1 }, { maxField: 0.5 }])(
    'refuses the options %o',
    async (options) => {
      await expect(records('a,b', options)).rejects.toThrow(ArgumentError)
    },
  )

  test('what is written by the rules is read back, however it is cut', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é', '\t', ';'), maxLength: 6 })
    const table = fc
      .nat(4)
      .chain((n) => fc.array(fc.array(cell, { minLength: n + 1, maxLength: n + 1 }), { minLength: 1 }))
    await fc.assert(
      fc.asyncProperty(table, fc.boolean(), fc.integer({ min: 1, max: 9 }), async (rows, crlf, size) => {
        const line = crlf ? '\r\n' : '\n'
        const text = rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')).join(line)
        const bytes = utf8(text)
        const pieces = []
        for (let i = 0; i < bytes.length; i += size) pieces.push(bytes.subarray(i, i + size))
        expect(await records(pieces, { header: false, delimiter: ',' })).toEqual(rows)
      }),
      { numRuns: 500 },
    )
  })

  test('any text gives rows or a DataError', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' ', '\0', ';', '\ufeff'),
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(text, fc.boolean(), fc.boolean(), async (source, quote, trim) => {
        await readCsv(source, { quote, trim }).catch((error) => expect(error).toBeInstanceOf(DataError))
      }),
      { numRuns: 3000 },
    )
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (source) => {
        await readCsv(source).catch((error) => expect(error).toBeInstanceOf(DataError))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('readCsv', () => {
  test('tells numbers from categories', async () => {
    const table = await readCsv('n,c,b,m\n1,red,true,\n-2.5e1,blue,false,NA\n+.5,red,true,?\n', { name: 't' })
    expect(table).toMatchObject({ name: 't', rows: 3 })
    expect([...table.at]).toEqual([2, 3, 4])
    expect(table.columns).toEqual([
      { kind: 'number', name: 'n', values: Float64Array.of(1, -25, 0.5) },
      { kind: 'category', name: 'c', codes: Int32Array.of(0, 1, 0), categories: ['red', 'blue'] },
      { kind: 'category', name: 'b', codes: Int32Array.of(0, 1, 0), categories: ['true', 'false'] },
      { kind: 'category', name: 'm', codes: Int32Array.of(-1, -1, -1), categories: [] },
    ])
  })

  test.each(['0x10', '12abc', ' 1', '1 ', '1,0', '1e', '.', '-', 'Infinity', '--1', '１'])(
    "does not take '%s' for a number",
    async (text) => {
      const { columns } = await readCsv(`a;b\n1;2\n${text};2\n`)
      expect(columns[0]).toMatchObject({ kind: 'category', categories: ['1', text] })
      await expect(readCsv(`a;b\n1;2\n${text};2\n`, { types: { a: 'number' }, name: 'f' })).rejects.toThrow(
        /f: column "a", row 3: not a number; expected a decimal number/,
      )
    },
  )

  test('reads numbers exactly', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
        async (numbers) => {
          const { columns } = await readCsv(`x\n${numbers.join('\n')}`)
          expect(columns[0]).toEqual({ kind: 'number', name: 'x', values: Float64Array.from(numbers, (n) => n + 0) })
        },
      ),
    )
  })

  test('a number that no double holds is an error', async () => {
    await expect(readCsv('a,b\n1,1\n1e400,2')).rejects.toThrow(/column "a", row 3: a number out of range/)
  })

  test('the odd one among numbers is an error that says how to go on', async () => {
    const lines = Array.from({ length: 100 }, (_, i) => (i === 41 ? '4l' : String(i))).join('\n')
    await expect(readCsv(`age\n${lines}`)).rejects.toThrow(
      /column "age", row 43: not a number; expected a number, as 99 of 100 values are, received "4l".*missing.*category/,
    )
    expect((await readCsv(`age\n${lines}`, { missing: ['4l'] })).columns[0]?.kind).toBe('number')
    expect((await readCsv(`age\n${lines}`, { types: { age: 'category' } })).columns[0]?.kind).toBe('category')
  })

  test('knows a column of many numbers early, and keeps their values', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => (i % 7 === 0 ? 'NA' : String(i / 8)))
    const { columns } = await readCsv(`x,y\n${lines.map((line) => `${line},k`).join('\n')}`)
    const [x] = columns
    if (x?.kind !== 'number') throw new Error('a number column')
    expect(x.values).toEqual(Float64Array.from(lines, (line) => (line === 'NA' ? Number.NaN : Number(line))))
    await expect(readCsv(`x\n${lines.join('\n')}\nsix`)).rejects.toThrow(/column "x", row 5002: not a number/)
  })

  test('reads some columns, some rows, without a header', async () => {
    const table = await readCsv('1,a\n2,b\n3,c\n', { header: ['n', 't'], columns: ['t'], rows: 2 })
    expect(table.columns).toEqual([{ kind: 'category', name: 't', codes: Int32Array.of(0, 1), categories: ['a', 'b'] }])
    expect((await readCsv('1,a\n2,b\n', { header: false })).columns.map(({ name }) => name)).toEqual(['1', '2'])
    await expect(readCsv('a,b\n1,2', { columns: ['c'] })).rejects.toThrow(/no column "c"; expected "a", "b"/)
    await expect(readCsv('a,b\n1,2', { types: { c: 'number' } })).rejects.toThrow(/no column "c"/)
  })

  test('names that objects have mean nothing', async () => {
    const { columns } = await readCsv('__proto__,constructor,toString\n1,2,valueOf\n')
    expect(columns.map(({ name, kind }) => [name, kind])).toEqual([
      ['__proto__', 'number'],
      ['constructor', 'number'],
      ['toString', 'category'],
    ])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('a file without rows is an error', async () => {
    await expect(readCsv('')).rejects.toThrow(/no rows/)
    await expect(readCsv('a,b\n')).rejects.toThrow(/no rows/)
    await expect(readCsv('flowers.csv')).rejects.toThrow(/not as the path of a file/)
  })
})
