import { type Command, command } from '../command.ts'
import { autoOr, flag, HELP, path, words } from '../options.ts'

export const predict: Command = command({
  name: 'predict',
  summary: 'what a trained network says of new rows or images',
  positionals: [
    { name: 'MODEL', help: 'a model file of chainrule train, or a checkpoint (file or folder)', required: true },
    { name: 'DATA', help: 'raw rows, in any format for training, or a folder or file of images', required: true },
  ],
  options: {
    probabilities: flag('a column for each class'),
    missing: words('TEXT,...', 'texts of a table that also stand for a missing value'),
    out: path('FILE', undefined, 'write there instead of to the screen'),
    json: flag('one JSON object a line instead of CSV'),
    threads: autoOr({ min: 1, max: 64 }, 'threads that compute'),
    ...HELP,
  },
  examples: [
    { line: 'chainrule predict model.safetensors rows.csv', what: 'CSV: a prediction for each row' },
    { line: 'chainrule predict model.safetensors ./images --json', what: 'the class of each image, as JSON lines' },
  ],
  plan:
    ({ values, positionals: [model = '', data = ''] }) =>
    async ({ out }) => {
      const { runPredict } = await import('../predict.ts')
      await runPredict(model, data, values, out)
      return 0
    },
})
