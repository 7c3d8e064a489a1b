import { ArgumentError } from '../errors.ts'

/** What the process says to whoever started it. */
export const EXIT = {
  ok: 0,
  /** Files, data or a run that cannot be used; a check that found something wrong. */
  failure: 1,
  /** A command line that is not understood or asks for what cannot be. */
  usage: 2,
  /** Ctrl-C: 128 and the number of SIGINT, as shells say it. */
  interrupted: 130,
  /** The same of SIGTERM. */
  terminated: 143,
} as const

/** The code of a run that the user stopped; `signal.reason` is the name of what stopped it. */
export const stoppedCode = ({ reason }: AbortSignal): number =>
  reason === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted

/** The code of an error that was foreseen. */
export const errorCode = (error: unknown): number => (error instanceof ArgumentError ? EXIT.usage : EXIT.failure)
