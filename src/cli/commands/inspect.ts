import { type Command, command } from '../command.ts'
import { flag, HELP } from '../options.ts'

export const inspect: Command = command({
  name: 'inspect',
  summary: 'what a file holds: tensors, network, configuration, results',
  positionals: [
    {
      name: 'FILE',
      help: 'a safetensors file, of this command or another program, or a folder of checkpoints',
      required: true,
    },
  ],
  options: {
    config: flag('only the configuration, for train --config'),
    json: flag('one JSON object instead of text'),
    ...HELP,
  },
  examples: [
    {
      line: 'chainrule inspect model.safetensors',
      what: 'names, shapes and sizes of its tensors, and how it was trained',
    },
    { line: 'chainrule inspect model.safetensors --config', what: 'the configuration it was trained with, as JSON' },
  ],
  plan: ({ values, positionals: [path = ''] }) => {
    return async ({ out }) => {
      const { inspectFile } = await import('../inspect.ts')
      out.write(await inspectFile(path, values, out))
      return 0
    }
  },
})
