import type { Checkpoint } from '../../train/index.ts'
import { TRAIN_SYNTAX, trainOptionsOf } from '../args.ts'
import type { CliContext, Command } from '../command.ts'
import { EXIT, stoppedCode } from '../exit.ts'
import { packageVersion } from '../machine.ts'
import type { Terminal } from '../terminal.ts'
import type { TrainOptions } from '../train-options.ts'

import type { View } from '../view.ts'

export const train: Command = {
  ...TRAIN_SYNTAX,
  notes: [],
  summary: 'learn from images, a table or a text (the default command)',
  examples: [
    {
      line: 'chainrule',
      what: 'train on the embedded digits, draw the curves, write model.safetensors and report.html',
    },
    { line: 'chainrule train --hidden 256,64 --activation gelu --dropout 0.3', what: 'another network' },
    { line: 'chainrule train flowers.csv --target species', what: 'a table: which species a row is' },
    { line: 'chainrule train homes.tsv --target price --patience 50', what: 'a number in place of a class' },
    { line: 'chainrule train book.txt --tokenizer bpe', what: 'a transformer that writes: chainrule generate' },
    {
      line: 'chainrule train ./mnist --model cnn --checkpoint run1',
      what: "convolutions on MNIST's own files; chainrule resume run1 goes on with it",
    },
    { line: 'chainrule train --config run.json --seed 7', what: 'flags from a file, and another seed' },
    {
      line: 'chainrule train --numerics reproducible --json',
      what: 'the same weights on every machine, as JSON lines',
    },
    {
      line: 'chainrule train --hidden 8 --epochs 1 --gradients numeric',
      what: 'the same by differences, for comparison',
    },
  ],
  prepare: (argv) => {
    const options = trainOptionsOf(argv)
    return (context) => startTraining(options, context)
  },
}

/** Trains from the start, or from a checkpoint. */
export async function startTraining(
  options: TrainOptions,
  { out, signal }: CliContext,
  resume?: Checkpoint,
): Promise<number> {
  const { runTrain, showPlan } = await import('../train.ts')
  if (options.plan) {
    await showPlan(options, out)
    return 0
  }
  const view = await viewOf(options, out)
  try {
    const result = await runTrain(options, { view, signal, version: packageVersion(), resume })
    return result.reason === 'stopped' ? stoppedCode(signal) : EXIT.ok
  } finally {
    view.close()
  }
}

async function viewOf({ json, quiet }: TrainOptions, out: Terminal): Promise<View> {
  if (!json && !quiet) return new (await import('../view-text.ts')).TextView(out)
  const { JsonView, QuietView } = await import('../view-json.ts')
  return json ? new JsonView(out) : new QuietView(out)
}
