import type { Command } from '../command.ts'
import { bench } from './bench.ts'
import { check } from './check.ts'
import { evaluate } from './evaluate.ts'
import { generate } from './generate.ts'
import { info } from './info.ts'
import { inspect } from './inspect.ts'
import { predict } from './predict.ts'
import { resume } from './resume.ts'
import { train } from './train.ts'

/** All commands, in the order of the help; the first is the one that is meant where none is named. */
export const commands: readonly [Command, ...Command[]] = [
  train,
  resume,
  evaluate,
  predict,
  generate,
  inspect,
  check,
  bench,
  info,
]
