import { ArgumentError } from '../errors.ts'
import { scalar } from '../ops/scalar.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

/** Options of some of the parameters: these two, or any that the optimizer takes. */
export interface Group {
  /** The name of a parameter, a pattern of names, or what decides by name and parameter. */
  readonly match: string | RegExp | ((name: string, parameter: Variable) => boolean)
  /** Learning rate of the group; default: the optimizer's. */
  readonly lr?: number | Schedule
  /** Weight decay of the group; default: the optimizer's. */
  readonly weightDecay?: number
}

export interface Settings {
  /** `undefined`: the optimizer's rate. */
  readonly rate: Schedule | undefined
  readonly weightDecay: number
  /** The number of the group, where it has more options than these. */
  readonly apart?: number | undefined
}

/** A number as a schedule, a schedule as it is. */
export function scheduleOf(where: string, rate: number | Schedule): Schedule {
  if (typeof rate === 'function') return rate
  if (typeof rate !== 'number')
    throw new ArgumentError('lr is neither a number nor a schedule', {
      where,
      expected: 'a number such as 1e-3, or schedule.cosine(...)',
      received: String(rate),
    })
  nonNegative(where, { lr: rate })
  return () => scalar(rate)
}

/** What holds for each parameter. A group without parameters is an error: its pattern is likely misspelt. */
export function settingsOf(
  where: string,
  parameters: ReadonlyMap<string, Variable>,
  { weightDecay = 0, groups = [] }: { readonly weightDecay?: number; readonly groups?: readonly Group[] },
  more: boolean,
): ReadonlyMap<string, Settings> {
  nonNegative(where, { weightDecay })
  const made = groups.map((group, i) => {
    const name = `${where}.groups[${i}]`
    const { match, lr, weightDecay: own, ...others } = group
    const apart = more && Object.keys(others).length > 0
    if (!apart) known(name, group, 'match lr weightDecay')
    if (own !== undefined) nonNegative(name, { weightDecay: own })
    const settings: Settings = {
      rate: lr === undefined ? undefined : scheduleOf(name, lr),
      weightDecay: own ?? weightDecay,
      apart: apart ? i : undefined,
    }
    return { belongs: matcher(name, match), settings, used: false }
  })
  const settings = new Map<string, Settings>()
  for (const [name, parameter] of parameters) {
    const groupsOf = made.filter(({ belongs }) => belongs(name, parameter))
    for (const group of groupsOf) group.used = true
    settings.set(name, groupsOf[0]?.settings ?? { rate: undefined, weightDecay })
  }
  const idle = made.findIndex(({ used }) => !used)
  if (idle >= 0)
    throw new ArgumentError('no parameter belongs to the group', {
      where: `${where}.groups[${idle}]`,
      expected: `a match among ${[...parameters.keys()].join(', ')}`,
      received: String(groups[idle]?.match),
    })
  return settings
}

function matcher(where: string, match: Group['match']): (name: string, parameter: Variable) => boolean {
  if (typeof match === 'string') return (name) => name === match
  if (typeof match === 'function') return match
  if (match instanceof RegExp) {
    const { source, flags } = match
    // Without the position that a global pattern keeps between two tests.
    const pattern = new RegExp(source, flags.replace(/[gy]/g, ''))
    return (name) => pattern.test(name)
  }
  throw new ArgumentError('match does not fit', {
    where,
    expected: 'a name, a regular expression or a function',
    received: String(match),
  })
}
