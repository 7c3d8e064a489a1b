import { type Command, command } from '../command.ts'
import { EXIT, stoppedCode } from '../exit.ts'
import { autoOr, flag, HELP, integer, number, text } from '../options.ts'

export const generate: Command = command({
  name: 'generate',
  summary: 'text from a network that was trained on one',
  positionals: [
    { name: 'MODEL', help: 'a model file of chainrule train TEXT, or a checkpoint (file or folder)', required: true },
  ],
  options: {
    prompt: text('TEXT', '\n', 'what comes before'),
    tokens: integer({ min: 1, max: 1_000_000 }, 200, 'how many to write'),
    temperature: number({ min: 0, max: 100 }, 0.8, 'below 1: more certain; 0: always the likeliest'),
    top: integer({ min: 1, max: 1_000_000 }, undefined, 'draw from so many of the likeliest only', 'all'),
    seed: integer({ min: 0, max: 2 ** 32 - 1 }, 1, 'of what is drawn'),
    json: flag('one JSON object instead of text'),
    threads: autoOr({ min: 1, max: 64 }, 'threads that compute'),
    ...HELP,
  },
  examples: [
    { line: 'chainrule generate model.safetensors --prompt Congress --tokens 400', what: 'the same text each time' },
    { line: 'chainrule generate model.safetensors --seed 2 --temperature 0.5', what: 'another one, more certain' },
  ],
  plan:
    ({ values, positionals: [model = ''] }) =>
    async ({ out, signal }) => {
      const { runGenerate } = await import('../run-generate.ts')
      return (await runGenerate(model, values, out, signal)) ? EXIT.ok : stoppedCode(signal)
    },
})
