import { type Command, command, type Input } from '../command.ts'
import { autoOr, flag, HELP, type Options, path } from '../options.ts'
import { startTraining } from './train.ts'

const OPTIONS = {
  data: path('DATA', undefined, 'where the same data are now'),
  out: path('FILE', undefined, 'the trained model', 'as before'),
  report: path('FILE', undefined, 'page with the curves', 'as before'),
  'no-report': flag('write no page'),
  tensorboard: path('DIR', undefined, 'event files for TensorBoard', 'as before'),
  threads: autoOr({ min: 1, max: 64 }, 'threads that compute'),
  'no-wide': flag('only vectors of 128 bits; the same results'),
  json: flag('one JSON object a line instead of text'),
  quiet: flag('only the result', 'q'),
  ...HELP,
} satisfies Options

export const resume: Command = command({
  name: 'resume',
  summary: 'go on with a run that was stopped, to the same result',
  positionals: [{ name: 'CHECKPOINT', help: 'a folder of --checkpoint, or one file of it', required: true }],
  options: OPTIONS,
  examples: [
    {
      line: 'chainrule resume checkpoints',
      what: 'to the end of the run, with the bits of a run that was never stopped',
    },
  ],
  plan:
    ({ values, positionals: [from = ''], given }: Input<typeof OPTIONS>) =>
    async (context) => {
      const { loadRun } = await import('../resume.ts')
      const flags = new Map(Object.entries(values).filter(([name]) => given.has(name)))
      const { options, checkpoint } = await loadRun(from, flags)
      return startTraining(options, context, checkpoint)
    },
})
