import type { Runtime } from '../runtime/runtime.ts'
import type { Storage } from './graph.ts'

/** Allocated bytes with the number of those who use them. */
export interface Place extends Storage {
  users: number
}

/** Counts users of memory, so that a captured step keeps what it reads although a handle was disposed of. */
export class Heap {
  private readonly runtime: Runtime

  constructor(runtime: Runtime) {
    this.runtime = runtime
  }

  alloc(bytes: number): Place {
    return { address: this.runtime.alloc(Math.max(bytes, 4)), bytes, users: 1 }
  }

  retain(place: Place): Place {
    place.users++
    return place
  }

  release(place: Place): void {
    if (--place.users === 0) this.runtime.free(place.address, Math.max(place.bytes, 4))
  }

  /** The place, or a larger one in its stead when it is smaller than `bytes`; the content is not kept. */
  atLeast(place: Place | undefined, bytes: number): Place {
    if (place !== undefined && place.bytes >= bytes) return place
    const larger = this.alloc(Math.max(bytes, 4096, (place?.bytes ?? 0) * 2))
    if (place !== undefined) this.release(place)
    return larger
  }
}
