import type { BoardEvent } from '../export/tensorboard.ts'
import { tensorboard } from '../io/node-tensorboard.ts'
import type { FitEvent, Metrics } from '../train/index.ts'

/** Writes a run to TensorBoard while it goes on. */
export interface Board extends Disposable {
  add(event: FitEvent<Metrics>): void
}

/** Event files in that folder: the loss of each step, the learning rate, and what was measured after each epoch. */
export function boardFor(folder: string): Board {
  const file = tensorboard(folder)
  return {
    add(event) {
      if (event.type === 'step') {
        const first = event.step - event.losses.length + 1
        const events: BoardEvent[] = Array.from(event.losses, (value, i) => ({ tag: 'loss', value, step: first + i }))
        if (event.learningRate !== undefined)
          events.push({ tag: 'learning rate', value: event.learningRate, step: event.step })
        file.write(events)
      } else if (event.type === 'epoch' && event.validation !== undefined) {
        const { loss, metrics } = event.validation
        const measured = Object.entries(metrics).filter(([, value]) => typeof value === 'number')
        file.write(
          [['loss', loss] as const, ...measured].map(([name, value]) => ({
            tag: `validation/${name}`,
            value: value as number,
            step: event.step,
          })),
        )
      }
    },
    [Symbol.dispose]: () => file.close(),
  }
}
