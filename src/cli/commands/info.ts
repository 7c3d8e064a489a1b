import { type Command, command } from '../command.ts'
import { flag, HELP } from '../options.ts'

export const info: Command = command({
  name: 'info',
  summary: 'this runtime: threads, builds, what is missing for full speed',
  options: { json: flag('one JSON object instead of text'), ...HELP },
  examples: [{ line: 'chainrule info', what: 'what this machine offers, and how to get what it lacks' }],
  plan:
    ({ values }) =>
    async ({ out }) => {
      const { factLines, gatherFacts } = await import('../info.ts')
      const facts = await gatherFacts()
      out.write(values.json ? `${JSON.stringify(facts)}\n` : `${factLines(facts, out).join('\n')}\n`)
      return 0
    },
})
