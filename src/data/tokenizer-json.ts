import { BpeTokenizer } from './bpe.ts'
import { JsonReader } from './fitted.ts'
import { ByteTokenizer, CharacterTokenizer, type Tokenizer } from './tokenizer.ts'

/** The tokenizer whose `toJSON` that was, of whatever kind. */
export function tokenizerFromJSON(json: unknown, name = 'tokenizer'): Tokenizer {
  const kind = new JsonReader(json, name).get('kind')
  switch (kind.value) {
    case 'bytes':
      return ByteTokenizer.fromJSON(json, name)
    case 'characters':
      return CharacterTokenizer.fromJSON(json, name)
    case 'bpe':
      return BpeTokenizer.fromJSON(json, name)
    default:
      return kind.fail('"bytes", "characters" or "bpe"')
  }
}
