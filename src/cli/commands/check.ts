import { type Command, command } from '../command.ts'
import { EXIT } from '../exit.ts'
import { flag, HELP, names } from '../options.ts'

export const check: Command = command({
  name: 'check',
  summary: 'every operation, function and gradient, tested in this runtime',
  options: {
    only: names('NAME,NAME...', 'only these operations and functions of docs/ops.md'),
    json: flag('one JSON object a line instead of text'),
    ...HELP,
  },
  examples: [
    {
      line: 'chainrule check --only conv2d,groupNorm',
      what: 'an operation and a function; exit code 1 where one is wrong',
    },
  ],
  plan:
    ({ values }) =>
    async ({ out }) => {
      const { runCheck } = await import('../check.ts')
      return (await runCheck(values, out)) ? EXIT.ok : EXIT.failure
    },
})
