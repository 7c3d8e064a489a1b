/** 32-bit words that kernels read at POOL: the runtime writes them before any thread starts. */
export const pool: readonly number[] = []
