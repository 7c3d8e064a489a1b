import {
  ABORT,
  BLOCK_ASLEEP,
  BLOCK_EXECUTED,
  BLOCK_JOB,
  BLOCK_PC,
  BLOCK_PROGRAM,
  BLOCK_SCRATCH,
  BLOCK_SPIN_IDLE,
  BLOCK_TAKEN,
  BLOCK_THREADS,
  BLOCKS,
  CALLER,
  ERROR_RECORD,
  FINISHED,
  GENERATION,
  JOB,
  REPEAT,
  RESULT_DONE,
  RESULT_STOPPED,
  SPIN_IDLE,
  STATUS,
  STEPS,
  THREAD_BLOCK,
} from '../../src/abi/constants'
import { arrive, open, pass, spin, spinTurns, spun, spunInVain } from './barrier'
import { dispatch } from './dispatch'

// Every thread of a job walks the same program: it executes its share of each instruction, meets the others at
// barriers and at the end of the program, where the last one to arrive decides whether there is another step.
// Engines optimize a wasm function for its NEXT call only, so each loop that may run long calls a function a turn.

const OP_END: u32 = 0
const OP_BARRIER: u32 = 1

// @ts-ignore: decorator
@inline
function blockOf(thread: u32): usize {
  return <usize>BLOCKS + <usize>thread * THREAD_BLOCK
}

/** Runs a program on the caller, thread 0, and the workers 1 .. threads - 1. */
export function run(program: usize, repeat: u32, threads: u32): u32 {
  const block = blockOf(CALLER)
  const job = publish(program, repeat, threads, 1)
  return threads > 1 ? execute(block, 0, threads, program, job, false) : executeAlone(block, program)
}

/** Takes up a `run` that returned RESULT_WAITING. */
export function resume(): u32 {
  const block = blockOf(CALLER)
  return execute(block, 0, load<u32>(block, BLOCK_THREADS), load<u32>(block, BLOCK_PROGRAM), load<u32>(JOB), true)
}

/** Starts a program on the workers 0 .. threads - 1 and returns at once. */
export function start(program: usize, repeat: u32, threads: u32): void {
  publish(program, repeat, threads, 0)
}

/** The life of a worker: returns RESULT_DONE after each job as thread 0 of `start`, RESULT_STOPPED at the end. */
export function serve(thread: u32): u32 {
  const block = blockOf(thread)
  while (awaitJob(block)) {
    const job = atomic.load<u32>(block, BLOCK_JOB)
    const program = <usize>load<u32>(block, BLOCK_PROGRAM)
    const threads = load<u32>(block, BLOCK_THREADS)
    store<u32>(block, job, BLOCK_TAKEN)
    if (threads == 1) executeAlone(block, program)
    else if (execute(block, thread, threads, program, job, false) != RESULT_DONE) break
    if (thread == 0) return RESULT_DONE
  }
  return RESULT_STOPPED
}

/** Ends every wait, now and later: `status` is STATUS_CLOSED or STATUS_LOST. */
export function halt(status: u32, threads: u32): void {
  atomic.cmpxchg<u32>(STATUS, 0, status)
  atomic.notify(GENERATION, -1)
  for (let t: u32 = 0; t < threads; t++) {
    const block = blockOf(t)
    atomic.add<u32>(block, 1, BLOCK_JOB)
    atomic.notify(block + BLOCK_JOB, -1)
  }
}

function publish(program: usize, repeat: u32, threads: u32, first: u32): u32 {
  const job = load<u32>(JOB) + 1
  store<u32>(JOB, job)
  store<u32>(REPEAT, repeat)
  store<u32>(STEPS, 0)
  if (load<u32>(ERROR_RECORD) != 0) store<u32>(ERROR_RECORD, 0)
  if (load<u32>(ABORT) != 0) store<u32>(ABORT, 0)
  const caller = blockOf(CALLER)
  store<u32>(caller, <u32>program, BLOCK_PROGRAM)
  store<u32>(caller, threads, BLOCK_THREADS)
  for (let t = first; t < threads; t++) {
    const block = blockOf(t)
    store<u32>(block, <u32>program, BLOCK_PROGRAM)
    store<u32>(block, threads, BLOCK_THREADS)
    atomic.store<u32>(block, job, BLOCK_JOB)
    if (atomic.load<u32>(block, BLOCK_ASLEEP) != 0) atomic.notify(block + BLOCK_JOB, 1)
  }
  return job
}

/** False when the pool is at its end. */
export function awaitJob(block: usize): bool {
  const taken = load<u32>(block, BLOCK_TAKEN)
  const state = block + BLOCK_SPIN_IDLE
  const most = load<u32>(SPIN_IDLE)
  if (spin(block + BLOCK_JOB, taken, spinTurns(state, most))) {
    spun(state, most)
    return atomic.load<u32>(STATUS) == 0
  }
  spunInVain(state, most)
  atomic.store<u32>(block, 1, BLOCK_ASLEEP)
  while (atomic.load<u32>(block, BLOCK_JOB) == taken && atomic.load<u32>(STATUS) == 0) {
    atomic.wait<i32>(block + BLOCK_JOB, taken, -1)
  }
  atomic.store<u32>(block, 0, BLOCK_ASLEEP)
  return atomic.load<u32>(STATUS) == 0
}

/** Walks a program until its job is over; `waiting`: from the barrier where the thread stopped waiting. */
function execute(block: usize, thread: u32, threads: u32, program: usize, job: u32, waiting: bool): u32 {
  const scratch = <usize>load<u32>(block, BLOCK_SCRATCH)
  let pc = program
  if (waiting) pc = <usize>load<u32>(block, BLOCK_PC)
  while (true) {
    if (!waiting) pc = walk(pc, block, thread, scratch, false)
    const end = load<u16>(pc) == OP_END
    if (!waiting && arrive(block, threads)) {
      if (end && isLastStep()) store<u32>(FINISHED, job)
      open(block)
    } else {
      const result = pass(block)
      if (result != RESULT_DONE) return result
    }
    waiting = false
    // A number, not a flag: a thread may look after the next job has begun.
    if (!end) pc += 4
    else if (<i32>(atomic.load<u32>(FINISHED) - job) >= 0) return RESULT_DONE
    else pc = program
  }
}

/** Runs a job of one thread: no barriers. */
function executeAlone(block: usize, program: usize): u32 {
  const scratch = <usize>load<u32>(block, BLOCK_SCRATCH)
  do walk(program, block, 0, scratch, true)
  while (!isLastStep())
  return RESULT_DONE
}

/** Counts the step that has ended, unless it has an error; true if no other is to follow. */
function isLastStep(): bool {
  if (load<u32>(ERROR_RECORD) != 0) return true
  const steps = load<u32>(STEPS) + 1
  store<u32>(STEPS, steps)
  return steps >= load<u32>(REPEAT) || atomic.load<u32>(ABORT) != 0
}

/**
 * Executes the thread's shares up to the next barrier or the end, and returns where that is. Alone, a thread executes
 * all shares of every instruction, whatever their number, and passes over barriers.
 */
function walk(pc: usize, block: usize, thread: u32, scratch: usize, alone: bool): usize {
  let executed: u64 = 0
  while (true) {
    const head = load<u32>(pc)
    const opcode = head & 0xffff
    if (opcode > OP_BARRIER) {
      store<u32>(block, <u32>pc, BLOCK_PC)
      const span = load<u32>(pc, 4)
      const parts = (span >> 16) & 0x7fff
      let part: u32 = alone ? 0 : thread - (span & 0xffff)
      if (part < parts && !isRefused(span)) {
        const end: u32 = alone ? parts : part + 1
        do dispatch(opcode, pc, scratch, part, parts)
        while (++part < end)
        executed++
      }
    } else if (!alone || opcode == OP_END) break
    pc += (head >> 16) << 2
  }
  store<u32>(block, <u32>pc, BLOCK_PC)
  store<u64>(block, load<u64>(block, BLOCK_EXECUTED) + executed, BLOCK_EXECUTED)
  return pc
}

/** An update of a step that has an error. A barrier stands between the kernels that report and the updates. */
// @ts-ignore: decorator
@inline
function isRefused(span: u32): bool {
  return <i32>span < 0 && load<u32>(ERROR_RECORD) != 0
}
