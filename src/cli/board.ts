import { boardEvents } from '../export/board-events.ts'
import { tensorboard } from '../io/node-tensorboard.ts'
import type { FitEvent, Metrics } from '../train/index.ts'

/** Writes a run to TensorBoard while it goes on. */
export interface Board extends Disposable {
  add(event: FitEvent<Metrics>): void
}

/** An event file in that folder: loss and learning rate while steps go by, and what was measured after each epoch. */
export function boardFor(folder: string): Board {
  const file = tensorboard(folder)
  return {
    add(event) {
      const events = boardEvents(event)
      if (events.length > 0) file.write(events)
    },
    [Symbol.dispose]: () => file.close(),
  }
}
