import { type Command, command } from '../command.ts'
import { autoOr, flag, HELP, words } from '../options.ts'

export const evaluate: Command = command({
  name: 'evaluate',
  summary: 'how well a trained network does on data with known answers',
  positionals: [
    { name: 'MODEL', help: 'a model file of chainrule train, or a checkpoint (file or folder)', required: true },
    { name: 'DATA', help: 'a table with the target, a folder of images and labels, or a text', required: true },
  ],
  options: {
    missing: words('TEXT,...', 'texts of a table that also stand for a missing value'),
    json: flag('one JSON object instead of text'),
    threads: autoOr({ min: 1, max: 64 }, 'threads that compute'),
    ...HELP,
  },
  examples: [{ line: 'chainrule evaluate model.safetensors rows.csv', what: 'accuracy and confusions, or the errors' }],
  plan:
    ({ values, positionals: [model = '', data = ''] }) =>
    async ({ out }) => {
      const { runEvaluate } = await import('../evaluate.ts')
      await runEvaluate(model, data, values, out)
      return 0
    },
})
