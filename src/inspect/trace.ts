import type { Profile } from './profile.ts'

/** A profile as JSON in the Trace Event Format, which chrome://tracing and ui.perfetto.dev show. */
export function chromeTrace({ entries, threads, barriers, ms, measuredMs }: Profile): string {
  const named = Array.from({ length: threads }, (_, tid) => ({
    name: 'thread_name',
    ph: 'M',
    pid: 0,
    tid,
    args: { name: `thread ${tid}` },
  }))
  const shares = entries.map(({ instruction, kernel, op, shapes, pass, layer, thread, start, ms: length }) => ({
    name: op,
    cat: pass,
    ph: 'X',
    pid: 0,
    tid: thread,
    ts: start * 1000,
    dur: length * 1000,
    args: { instruction, kernel, shapes: shapes.map((shape) => `[${shape.join(', ')}]`).join(' '), layer },
  }))
  const meetings = barriers.map((at) => ({ name: 'barrier', ph: 'i', s: 'p', pid: 0, tid: 0, ts: at * 1000 }))
  return JSON.stringify({
    displayTimeUnit: 'ns',
    otherData: { milliseconds: ms, measuredMilliseconds: measuredMs },
    traceEvents: [...named, ...shares, ...meetings],
  })
}
