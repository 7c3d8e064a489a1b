import type { FitEvent, Metrics } from '../train/index.ts'
import type { BoardEvent } from './tensorboard.ts'

/**
 * What an event of fit has to show in TensorBoard: mean loss, learning rate and watched curves of the last steps under
 * `train/`, metrics of every epoch under `train/` and `validation/`. Metrics that are no numbers are left out.
 */
export function boardEvents<M extends Metrics>(event: FitEvent<M>): BoardEvent[] {
  const events: BoardEvent[] = []
  if (event.type === 'step') {
    const { step } = event
    const add = (tag: string, value: number | undefined): void => {
      if (value !== undefined) events.push({ tag: `train/${tag}`, value, step })
    }
    add('loss', event.loss)
    add('learning rate', event.learningRate)
    for (const [name, curve] of Object.entries(event.curves)) add(name, curve.at(-1))
  } else if (event.type === 'epoch') {
    const { step, metrics, validation } = event
    const add = (group: string, values: object): void => {
      for (const [name, value] of Object.entries(values) as [string, unknown][])
        if (typeof value === 'number') events.push({ tag: `${group}/${name}`, value, step })
    }
    if (metrics !== undefined) add('train', metrics)
    if (validation !== undefined) add('validation', { loss: validation.loss, ...validation.metrics })
  }
  return events
}
