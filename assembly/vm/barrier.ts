import {
  ARRIVED,
  BLOCK_SPIN,
  BLOCK_WAITS,
  BLOCKS,
  CALLER,
  GENERATION,
  MAY_SLEEP,
  RESULT_DONE,
  RESULT_STOPPED,
  RESULT_WAITING,
  SLEEPERS,
  SPIN_STEP,
  STATUS,
  THREAD_BLOCK,
} from '../../src/abi/constants'

// Threads count themselves in; the last one opens the barrier by moving the generation. The others spin a bounded
// number of turns, then sleep in slices of SLICE nanoseconds. Every wait ends when the status word says so.

const SLICE: i64 = 50_000_000
/** Turns of a caller that must not sleep, a few milliseconds, before it returns to JavaScript. */
const SPIN_CALLER: u32 = 4_000_000

/** Counts the thread in. True for the last one, which must `open` the barrier; the others must `pass` it. */
// @ts-ignore: decorator
@inline
export function arrive(block: usize, threads: u32): bool {
  store<u32>(block, atomic.load<u32>(GENERATION), BLOCK_WAITS)
  return atomic.add<u32>(ARRIVED, 1) + 1 == threads
}

/** Lets everyone go on. */
// @ts-ignore: decorator
@inline
export function open(block: usize): void {
  atomic.store<u32>(ARRIVED, 0)
  atomic.store<u32>(GENERATION, load<u32>(block, BLOCK_WAITS) + 1)
  if (atomic.load<u32>(SLEEPERS) != 0) atomic.notify(GENERATION, -1)
}

/** Waits until the barrier opens. */
export function pass(block: usize): u32 {
  const generation = load<u32>(block, BLOCK_WAITS)
  if (spin(GENERATION, generation, spinTurns(block + BLOCK_SPIN, load<u32>(SPIN_STEP)))) {
    spun(block + BLOCK_SPIN, load<u32>(SPIN_STEP))
    return RESULT_DONE
  }
  spunInVain(block + BLOCK_SPIN, load<u32>(SPIN_STEP))
  return sleep(block, generation)
}

// Each thread learns how long to spin. On free processors the wait is short, and to sleep costs far more than to spin
// to the end; on crowded ones the thread that it waits for may need this very processor. So spins in vain make the
// next ones shorter, useful ones longer, and one in PROBE is a full one again: else two threads that wake each other
// later than either spins would never find out that they are free to run.

const LEAST: u32 = 1000
const PROBE: u32 = 16

// @ts-ignore: decorator
@inline
export function spinTurns(state: usize, most: u32): u32 {
  return min<u32>(most, max<u32>(LEAST, load<u32>(state)))
}

// @ts-ignore: decorator
@inline
export function spun(state: usize, most: u32): void {
  const turns = load<u32>(state)
  if (turns < most) store<u32>(state, max<u32>(LEAST, turns) * 2)
}

// @ts-ignore: decorator
@inline
export function spunInVain(state: usize, most: u32): void {
  const vain = load<u32>(state, 4) + 1
  store<u32>(state, vain, 4)
  store<u32>(state, vain % PROBE == 0 ? most : load<u32>(state) / 2)
}

/** Spins that many turns, so that the runtime can tell how long they take. */
export function turn(turns: u32): void {
  spin(GENERATION, atomic.load<u32>(GENERATION), turns)
}

/** True once the word at an address has changed; false after some turns, or when the pool has come to its end. */
export function spin(address: usize, value: u32, turns: u32): bool {
  for (let i: u32 = 0; i < turns; i++) {
    if (atomic.load<u32>(address) != value) return true
    if ((i & 63) == 63 && atomic.load<u32>(STATUS) != 0) break
  }
  return false
}

export function sleep(block: usize, generation: u32): u32 {
  const caller = block == BLOCKS + CALLER * THREAD_BLOCK
  const maySleep = !caller || load<u32>(MAY_SLEEP) != 0
  while (atomic.load<u32>(GENERATION) == generation) {
    if (atomic.load<u32>(STATUS) != 0) return RESULT_STOPPED
    if (maySleep) {
      atomic.add<u32>(SLEEPERS, 1)
      const expired = atomic.wait<i32>(GENERATION, generation, SLICE) == 2
      atomic.sub<u32>(SLEEPERS, 1)
      if (expired && caller && atomic.load<u32>(GENERATION) == generation) return RESULT_WAITING
    } else {
      return spin(GENERATION, generation, SPIN_CALLER) ? RESULT_DONE : RESULT_WAITING
    }
  }
  return RESULT_DONE
}
