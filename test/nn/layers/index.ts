import { activations } from './activations.ts'
import { dense } from './dense.ts'
import { images } from './images.ts'
import { norms } from './norms.ts'
import { pooling } from './pooling.ts'
import { sequences } from './sequences.ts'
import type { LayerRow, MakerName } from './types.ts'

/** All layers: an exported maker without a row does not compile. */
export const layers: Readonly<Record<MakerName, LayerRow>> = {
  ...activations,
  ...dense,
  ...images,
  ...norms,
  ...pooling,
  ...sequences,
}
