import { ArgumentError } from './errors.ts'

type Words<N extends string> = N extends `${infer First} ${infer Rest}` ? First | Words<Rest> : N
type KeysOf<O> = O extends unknown ? keyof O & string : never
/** The list itself where it has each key of the options and nothing else, or else what it lacks or has too many. */
type Exactly<N extends string, K extends string> = Exclude<K, Words<N>> | Exclude<Words<N>, K> extends never
  ? N
  : { readonly differs: Exclude<K, Words<N>> | Exclude<Words<N>, K> }

/**
 * The options, once all their names are among `names`: the names of their type with a space between, which the compiler
 * holds to be complete. Throws ArgumentError for another name, and for what is no object.
 */
export function known<O extends object, const N extends string>(
  where: string,
  options: O,
  names: N & Exactly<N, KeysOf<O>>,
): O {
  const list = names.split(' ')
  const isObject = typeof options === 'object' && options !== null
  const stranger = isObject ? Object.keys(options).find((name) => !list.includes(name)) : String(options)
  if (stranger === undefined) return options
  const near = isObject && closest(stranger, list)
  throw new ArgumentError(isObject ? 'unknown option' : 'no options', {
    where,
    expected: list.join(', '),
    received: stranger,
    ...(near && { hint: `Did you mean ${near}?` }),
  })
}

/** The word that most likely was meant: most of the letters of both are in common, in that order, or all of its own are there. */
export function closest(word: string, words: Iterable<string>): string | undefined {
  let best: string | undefined
  let most = 0
  for (const candidate of words) {
    const common = shared(word.toLowerCase(), candidate.toLowerCase())
    const score = common / Math.max(word.length, candidate.length)
    if (common > 1 && score > most && (score > 0.6 || common === candidate.length)) [best, most] = [candidate, score]
  }
  return best
}

/** Length of the longest common subsequence. */
function shared(a: string, b: string): number {
  const row = new Array<number>(b.length + 1).fill(0)
  for (const letter of a) {
    let corner = 0
    for (let j = 1; j < row.length; j++) {
      const above = row[j] as number
      row[j] = b[j - 1] === letter ? corner + 1 : Math.max(above, row[j - 1] as number)
      corner = above
    }
  }
  return row[b.length] as number
}
