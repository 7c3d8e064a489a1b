import { type Command, command } from '../command.ts'
import { autoOr, flag, HELP } from '../options.ts'

export const inspect: Command = command({
  name: 'inspect',
  summary: 'what a file holds: tensors, network, configuration, results; its program and memory',
  positionals: [
    {
      name: 'FILE',
      help: 'a safetensors file, of this command or another program, or a folder of checkpoints',
      required: true,
    },
  ],
  options: {
    config: flag('only the configuration, for train --config'),
    program: flag('the program of the training step, captured again: its network and instructions'),
    memory: flag('the memory of that run, known before it starts: what it is for, and the arena of a step'),
    threads: autoOr({ min: 1, max: 64 }, 'threads that the memory is told for'),
    json: flag('one JSON object instead of text'),
    ...HELP,
  },
  examples: [
    {
      line: 'chainrule inspect model.safetensors',
      what: 'names, shapes and sizes of its tensors, and how it was trained',
    },
    {
      line: 'chainrule inspect model.safetensors --program --memory',
      what: 'the instructions of its training step, and where each buffer lives',
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
