import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Engines have threads of their own: two files at a time fill two cores.
    maxWorkers: 2,
    testTimeout: 60_000,
  },
})
