import type { Command } from '../command.ts'
import { check } from './check.ts'
import { info } from './info.ts'
import { inspect } from './inspect.ts'
import { train } from './train.ts'

/** All commands, in the order of the help; the first is the one that is meant where none is named. */
export const commands: readonly [Command, ...Command[]] = [train, inspect, check, info]
