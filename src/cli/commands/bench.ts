import { type Command, command } from '../command.ts'
import { EXIT, stoppedCode } from '../exit.ts'
import { autoOr, flag, HELP, number } from '../options.ts'

export const bench: Command = command({
  name: 'bench',
  summary: 'how fast this machine is: products, memory, training steps',
  options: {
    seconds: number({ min: 0.01, max: 60 }, 0.5, 'spent on each line'),
    threads: autoOr({ min: 1, max: 64 }, 'threads of the second column'),
    'no-wide': flag('only vectors of 128 bits'),
    json: flag('one JSON object a line instead of text'),
    ...HELP,
  },
  examples: [{ line: 'chainrule bench', what: 'about 20 seconds; on one thread and on all' }],
  plan:
    ({ values }) =>
    async ({ out, signal }) => {
      const { runBench } = await import('../bench.ts')
      return (await runBench({ ...values, wide: !values['no-wide'] }, out, signal)) ? EXIT.ok : stoppedCode(signal)
    },
})
