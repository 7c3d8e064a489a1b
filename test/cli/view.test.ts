import { describe, expect, test } from 'vitest'
import { type Terminal, widthOf } from '../../src/cli/terminal.ts'
import type { View } from '../../src/cli/view.ts'
import { JsonView, QuietView } from '../../src/cli/view-json.ts'
import { TextView } from '../../src/cli/view-text.ts'
import { epochEvents, losses, plan, result, stepEvents } from './recorded.ts'

const files = [
  { path: 'model.safetensors', bytes: 39_000 },
  { path: 'report.html', bytes: 61_000 },
]

function replay(make: (terminal: Terminal) => View, options: Partial<Terminal> = {}): string {
  let text = ''
  const terminal = {
    columns: 100,
    live: false,
    color: false,
    unicode: true,
    ...options,
    write: (part: string) => void (text += part),
  }
  const view = make(terminal)
  view.begin(plan)
  let epoch = 0
  for (const event of stepEvents) {
    view.step(event)
    const next = epochEvents[epoch]
    if (next?.step !== event.step) continue
    view.epoch(next)
    epoch++
  }
  view.end(result, files)
  view.close()
  return text
}

describe('TextView', () => {
  test('writes plain lines where output is no terminal', () => {
    const text = replay((terminal) => new TextView(terminal, () => 0))
    expect(text.includes('\r') || text.includes('\x1b')).toBe(false)
    expect(text.match(/^ epoch +\d+\/20 .*accuracy +\d+\.\d\d %$/gm)).toHaveLength(20)
    for (const part of [
      '64-128-10',
      '9,610 parameters',
      'Loss',
      'Confusion matrix',
      '98.33 % test accuracy',
      result.weightsHash,
    ]) {
      expect(text).toContain(part)
    }
    expect(text).toContain('model.safetensors (38.1 KiB), report.html (59.6 KiB)')
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(100)
  })

  test('redraws one line on a terminal', () => {
    let now = 0
    const text = replay((terminal) => new TextView(terminal, () => (now += 60)), { live: true })
    const redrawn = text.split('\r').filter((part) => part.includes('samples/s') && part.includes(' left'))
    expect(redrawn.length).toBe(stepEvents.length)
    expect(redrawn.some((part) => part.trimEnd().split('\x1b[K')[0]?.includes('\n'))).toBe(false)
  })

  test('speaks up in a long epoch where it cannot redraw', () => {
    let now = 0
    const text = replay((terminal) => new TextView(terminal, () => (now += 2000)))
    expect(text).toMatch(/^ epoch 1\/20 {2}step \d+\/900 {2}loss /m)
  })

  test('says that a run was stopped', () => {
    const view = (stopped: boolean): string => {
      let text = ''
      const terminal = {
        columns: 80,
        live: false,
        color: false,
        unicode: true,
        write: (part: string) => void (text += part),
      }
      const it = new TextView(terminal)
      it.begin(plan)
      it.end({ ...result, losses: losses.slice(0, 100), reason: stopped ? 'stopped' : 'finished' }, [])
      return text
    }
    expect(view(true)).toContain('Stopped after step 100 of 900')
    expect(view(false)).not.toContain('Stopped')
  })

  test('keeps the bar as wide as it is', () => {
    let now = 0
    const text = replay((terminal) => new TextView(terminal, () => (now += 60)), {
      live: true,
      columns: 160,
    })
    const bars = [...text.matchAll(/\r (━*╸?━*) /g)].map(([, bar = '']) => bar.length)
    expect(bars.length).toBeGreaterThan(3)
    expect(new Set(bars).size).toBe(1)
  })

  test('stays in ASCII without UTF-8', () => {
    expect(replay((terminal) => new TextView(terminal, () => 0), { unicode: false })).toMatch(/^[\x20-\x7e\n]*$/)
  })
})

describe('JsonView', () => {
  const lines = replay((terminal) => new JsonView(terminal))
    .trimEnd()
    .split('\n')
  const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>)

  test('writes one object a line, from start to done', () => {
    expect(objects.map(({ event }) => event)).toEqual([
      'start',
      ...epochEvents.flatMap(() => ['step', 'step', 'step', 'step', 'step', 'epoch']),
      'done',
    ])
  })

  test('ends with the result', () => {
    expect(objects.at(-1)).toMatchObject({
      event: 'done',
      testAccuracy: 0.98329,
      trainSeconds: 0.59,
      samplesPerSecond: 48_747,
      threads: 2,
      numerics: 'fast',
      weightsHash: result.weightsHash,
      interrupted: false,
      files: ['model.safetensors', 'report.html'],
    })
  })

  test('says what each epoch reached', () => {
    const epochs = objects.filter(({ event }) => event === 'epoch')
    expect(epochs[3]).toMatchObject({ epoch: 4, epochs: 20, testAccuracy: epochEvents[3]?.accuracy })
  })
})

test('QuietView says only the result', () => {
  expect(replay((terminal) => new QuietView(terminal))).toBe('98.33 % test accuracy  model.safetensors  report.html\n')
})
