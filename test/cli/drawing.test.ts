import { describe, expect, test } from 'vitest'
import { chart } from '../../src/cli/chart.ts'
import { classTable, confusionTable, recallOf, worstPairs } from '../../src/cli/confusion.ts'
import { resample, scaleOf, smooth } from '../../src/cli/curve.ts'
import { bytes, clock, decimal, duration, integer, logTicks, percent, ticks } from '../../src/cli/format.ts'
import { bar, LiveLine, progressLine, sparkline } from '../../src/cli/progress.ts'
import { paint, type Terminal, terminalOf, widthOf } from '../../src/cli/terminal.ts'
import type { Confusion } from '../../src/train/index.ts'
import { plan } from './recorded.ts'

function terminal(options: Partial<Terminal> = {}): Terminal & { text: string } {
  const it = { columns: 80, live: true, color: false, unicode: true, text: '', ...options, write: (_: string) => {} }
  it.write = (text) => {
    it.text += text
  }
  return it
}

function confusionOf(classes: number, labels: readonly number[], predicted: readonly number[]): Confusion {
  const counts = new Int32Array(classes * classes)
  for (const [i, label] of labels.entries()) {
    const cell = label * classes + (predicted[i] as number)
    counts[cell] = (counts[cell] as number) + 1
  }
  return { classes, counts }
}

describe('numbers', () => {
  test.each([
    [integer(1234567.4), '1,234,567'],
    [integer(999), '999'],
    [percent(0.98329), '98.33 %'],
    [percent(1, 1), '100.0 %'],
    [decimal(0.12345), '0.1235'],
    [decimal(0), '0.0000'],
    [decimal(0.0000123), '1.23e-5'],
    [decimal(Number.NaN), 'NaN'],
    [duration(0.593), '0.59 s'],
    [duration(59.94), '59.9 s'],
    [duration(75), '1:15'],
    [clock(0.2), '0:01'],
    [clock(3700), '1:01:40'],
    [clock(Number.POSITIVE_INFINITY), '-:--'],
    [bytes(61234), '59.8 KiB'],
    [bytes(3 * 2 ** 30), '3.0 GiB'],
  ])('%s', (shown, expected) => expect(shown).toBe(expected))

  test('ticks are round and inside', () => {
    expect(ticks(0, 20, 5)).toEqual([0, 5, 10, 15, 20])
    expect(ticks(0.62, 0.985, 4)).toEqual([0.7, 0.8, 0.9])
    expect(ticks(3, 3, 4)).toEqual([3])
    expect(logTicks(0.004, 2.3)).toEqual([0.01, 0.1, 1])
    expect(logTicks(0.3, 2.3)).toEqual([0.5, 1, 2])
  })
})

describe('curves', () => {
  test('resample gives means, and lines over gaps', () => {
    const curve = { name: '', x: [0, 1, 2, 3, 8], y: [1, 3, 5, Number.NaN, 9] }
    expect([...resample(curve, 0, 8, 4)]).toEqual([2, 5, 7, 9])
  })

  test('smooth takes means, of less at the start', () => {
    expect([...smooth([0, 3, 0, 6, 3], 1)]).toEqual([0, 1, 3, 3, 4.5])
    expect([...smooth([1, 2, 3], 0)]).toEqual([1, 2, 3])
  })

  test('a scale is logarithmic where values span decades, and never for zero', () => {
    expect(scaleOf([{ name: '', x: [0, 1], y: [1, 100] }])).toMatchObject({ log: true, low: 1, high: 100 })
    expect(scaleOf([{ name: '', x: [0, 1], y: [0, 100] }]).log).toBe(false)
    expect(scaleOf([{ name: '', x: [], y: [] }]).at(0.5)).toBe(0.5)
    expect(scaleOf([{ name: '', x: [0], y: [Number.NaN] }]).at(0)).toBe(0)
  })
})

describe('chart', () => {
  const falling = {
    name: 'loss',
    x: Array.from({ length: 50 }, (_, i) => i),
    y: Array.from({ length: 50 }, (_, i) => 5 - i / 20),
  }
  const options = { title: 'Loss', xLabel: 'epoch', columns: 60, rows: 8 }

  test('draws a falling line from the top left to the bottom right', () => {
    const lines = chart([falling], options, terminal({ unicode: false }))
    const plot = lines.slice(1, 9)
    expect(plot[0]).toMatch(/[|+]\*/)
    expect(plot[7]?.endsWith('*')).toBe(true)
    const starts = plot.map((line) => line.indexOf('*'))
    expect(starts).toEqual([...starts].sort((a, b) => a - b))
    expect(lines.join('\n')).toMatch(/^[\x20-\x7e\n]*$/)
  })

  test('uses braille and stays inside the columns', () => {
    const lines = chart([falling, { name: 'test', x: [1, 49], y: [3, 1] }], options, terminal())
    expect(lines.join('')).toMatch(/[\u2801-\u28ff]/)
    expect(lines[0]).toContain('loss')
    expect(lines[0]).toContain('test')
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(60)
  })

  test.each([
    ['no curve', []],
    ['one point', [{ name: 'a', x: [1], y: [2] }]],
    ['a constant', [{ name: 'a', x: [1, 2, 3], y: [0, 0, 0] }]],
    ['no finite value', [{ name: 'a', x: [1, 2], y: [Number.NaN, Number.POSITIVE_INFINITY] }]],
  ])('survives %s', (_, curves) => {
    for (const unicode of [true, false]) expect(chart(curves, options, terminal({ unicode })).length).toBeGreaterThan(0)
  })

  test('survives a narrow terminal', () => {
    expect(chart([falling], { ...options, columns: 5 }, terminal()).length).toBeGreaterThan(8)
  })
})

describe('confusion matrix', () => {
  const matrix = confusionOf(3, [0, 0, 1, 1, 1], [0, 2, 1, 1, 0])

  test('counts', () => {
    expect([...matrix.counts]).toEqual([1, 0, 1, 1, 2, 0, 0, 0, 0])
    expect(recallOf(matrix, 1)).toEqual({ total: 3, recall: 2 / 3 })
    expect(worstPairs(matrix, 9)).toEqual([
      { actual: 0, predicted: 2, count: 1 },
      { actual: 1, predicted: 0, count: 1 },
    ])
  })

  test('is a table with the recall of each class', () => {
    const lines = confusionTable(matrix, ['0', '1', '2'], terminal({ unicode: false }))
    expect(lines.slice(1)).toEqual([
      '       0  1  2     recall',
      '    0  1  .  1     50.0 %',
      '    1  1  2  .     66.7 %',
      '    2  .  .  .          -',
    ])
  })

  test('has room for names, and cuts long ones', () => {
    const lines = confusionTable(matrix, ['apple', 'pear', 'a very long name indeed'], terminal({ columns: 120 }))
    expect(lines[1]).toMatch(/apple +pear +a very long…/)
    expect(lines[4]).toMatch(/^ *a very long name indeed /)
    expect(new Set(lines.slice(2).map((line) => line.length)).size).toBe(1)
  })

  test('comes with precision, recall and F1 of each class', () => {
    const lines = classTable(matrix, ['a', 'b', 'c'], terminal({ unicode: false }))
    expect(lines).toEqual([
      ' class  precision     recall         F1       rows',
      ' a         50.0 %     50.0 %     50.0 %          2',
      ' b        100.0 %     66.7 %     80.0 %          3',
      ' c          0.0 %          -      0.0 %          0',
    ])
  })

  test('names the worst pairs where a table is too wide', () => {
    const labels = Array.from({ length: 100 }, (_, i) => i)
    const lines = confusionTable(
      confusionOf(
        100,
        labels,
        labels.map((k) => (k === 7 ? 9 : k)),
      ),
      labels.map((k) => `class ${k}`),
      terminal(),
    )
    expect(lines[1]).toBe(' class 7 → class 9: 1')
    expect(lines).toHaveLength(2)
  })
})

describe('progress', () => {
  const progress = {
    step: 450,
    steps: 900,
    epoch: 10,
    epochs: 20,
    loss: 0.1234,
    samplesPerSecond: 48_213,
    secondsLeft: 61,
    recent: [3, 2, 1],
  }

  test('says step, loss, rate and time left', () => {
    const line = progressLine(progress, terminal({ columns: 120 }))
    for (const part of ['50 %', 'epoch 10/20', 'loss 0.1234', '48,213 samples/s', '1:01 left', 'step 450/900', '█▅▁']) {
      expect(line).toContain(part)
    }
  })

  test.each([20, 30, 40, 60, 80, 100, 200])('fits %i columns', (columns) => {
    for (const unicode of [true, false]) {
      const line = progressLine(progress, terminal({ columns, unicode }))
      expect(widthOf(line)).toBeLessThan(columns)
      expect(line).toContain('50 %')
    }
  })

  test('a bar is empty, half, full', () => {
    const at = (done: number): string => bar(done, 4, terminal())
    expect([at(-1), at(0.5), at(0.7), at(2)]).toEqual(['━━━━', '━━━━', '━━╸━', '━━━━'])
    expect([0, 0.5, 1].map((done) => bar(done, 6, terminal({ unicode: false })))).toEqual([
      '[....]',
      '[##..]',
      '[####]',
    ])
    expect(bar(0.5, 4, terminal({ color: true }))).toBe('\x1b[32m━━\x1b[0m\x1b[2m━━\x1b[0m')
  })

  test('a sparkline takes any numbers', () => {
    expect(sparkline([0, 7])).toBe('▁█')
    expect(sparkline([2, 2])).toBe('▁▁')
    expect(sparkline([1, Number.NaN, 2])).toBe('▁?█')
    expect(sparkline([])).toBe('')
  })

  test('a live line draws seldom and leaves nothing behind', () => {
    const screen = terminal()
    const line = new LiveLine(screen)
    line.update(0, () => 'one')
    line.update(10, () => 'two')
    line.update(60, () => 'three')
    line.print('kept')
    line.clear()
    expect(screen.text).toBe('\rone\x1b[K\rthree\x1b[K\r\x1b[Kkept\n')
  })
})

describe('terminal', () => {
  const stream = { isTTY: true, columns: 90, write: () => {} }
  test.each([
    [{ LANG: 'en_US.UTF-8' }, 'linux', { live: true, color: true, unicode: true, columns: 90 }],
    [{ LANG: 'C' }, 'linux', { unicode: false }],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, 'linux', { unicode: false }],
    [{}, 'linux', { unicode: false }],
    [{ WT_SESSION: 'x' }, 'win32', { unicode: true }],
    [{ LANG: 'C.UTF-8', TERM: 'linux' }, 'linux', { unicode: false }],
    [{ TERM: 'dumb' }, 'linux', { live: false, color: false }],
    [{ NO_COLOR: '1' }, 'linux', { live: true, color: false }],
  ])('%j on %s', (env, platform, expected) => {
    expect(terminalOf(stream, env, platform)).toMatchObject(expected)
  })

  test('a pipe is not live, and has colors only if asked', () => {
    const pipe = { write: () => {} }
    expect(terminalOf(pipe, {}, 'linux')).toMatchObject({ live: false, color: false, columns: 80 })
    expect(terminalOf(pipe, { FORCE_COLOR: '1', COLUMNS: '120' }, 'linux')).toMatchObject({ color: true, columns: 120 })
  })

  test('paint writes escapes only in color, and widthOf does not count them', () => {
    expect(paint(terminal(), 'x', 'red')).toBe('x')
    const painted = paint(terminal({ color: true }), 'x', 'bold', 'red')
    expect(painted).toBe('\x1b[1;31mx\x1b[0m')
    expect(widthOf(painted)).toBe(1)
  })
})

test('the recorded run is a plausible one', () => {
  const { spec, data } = plan
  expect(spec.kind === 'mlp' && spec.sizes[0]).toBe(data.sampleShape.reduce((a, b) => a * b))
})
