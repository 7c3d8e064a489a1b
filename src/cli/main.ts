#!/usr/bin/env node
import { runCli } from './cli.ts'
import { terminalOf } from './terminal.ts'

const stop = new AbortController()
const signals = ['SIGINT', 'SIGTERM'] as const
// The first Ctrl-C ends the run at the end of a step; a second one ends the process.
const halt = (signal: NodeJS.Signals): void => stop.abort(signal)
let listening = false
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read our output has gone: `chainrule --json | head -1`.
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
process.exitCode = await runCli(process.argv.slice(2), {
  out: terminalOf(process.stdout, process.env, process.platform),
  err: terminalOf(process.stderr, process.env, process.platform),
  get signal() {
    // Commands that have nothing to keep do not ask for it, and end as every process does.
    if (!listening) for (const signal of signals) process.once(signal, halt)
    listening = true
    return stop.signal
  },
})
for (const signal of signals) process.off(signal, halt)
