// Shared with assembly/: plain numeric constants only (no annotation, no enum), so that asc folds them.

// ---- memory map, in bytes -------------------------------------------------------------------
// Address 0 is "no operand". The first page is the engine's own; the heap starts at HEAP.
export const CONTROL = 1024
export const THREAD_BLOCK = 128
export const MAX_THREADS = 64
export const POOL = 16384
export const HEAP = 65536
export const ALIGN = 64

// The control block from CONTROL on. Words that several threads write own their 128 bytes.
// settings: the runtime writes them before a program runs, threads only read them
export const GEMM_VARIANT = 1024 // which micro-kernel gemm takes (TILE_*), at any time: every one gives the same bits
export const SPIN_STEP = 1028 // turns that a thread spins at a barrier before it sleeps
export const SPIN_IDLE = 1032 // turns that a worker spins for its next job before it sleeps
export const MAY_SLEEP = 1036 // 0 where the caller's thread must not wait (the main thread of a page)
// the first error of the step: code, address of the instruction, position of the element, value
export const ERROR_RECORD = 1152
export const STATUS = 1280 // STATUS_*: polled in every wait
export const ABORT = 1408 // 1: end the job with this step
// barrier: threads that have arrived; then the job's own words, which only the last to arrive writes
export const ARRIVED = 1536
export const REPEAT = 1540
export const STEPS = 1544
export const GENERATION = 1664 // moves when a barrier opens; next to it the number of the last job that ended
export const FINISHED = 1668
export const SLEEPERS = 1792
export const JOB = 1920 // number of the newest job; the caller's own

// One block of THREAD_BLOCK bytes for each worker, and one for the caller.
export const BLOCKS = 2048
export const CALLER = 64
export const BLOCK_JOB = 0 // number of the newest job this thread takes part in
export const BLOCK_PROGRAM = 4
export const BLOCK_THREADS = 8
export const BLOCK_ASLEEP = 12
export const BLOCK_SCRATCH = 16
export const BLOCK_TAKEN = 64 // the job the thread works on, or did last
export const BLOCK_PC = 68 // where in the program it is
export const BLOCK_WAITS = 72 // generation of the barrier where it stopped waiting
export const BLOCK_EXECUTED = 80 // instructions it has executed, 64 bits
export const BLOCK_SPIN = 88 // turns of its next spin at a barrier, and how many have ended in sleep
export const BLOCK_SPIN_IDLE = 96 // the same for its next spin between jobs

export const STATUS_RUNNING = 0
export const STATUS_CLOSED = 1
export const STATUS_LOST = 2 // a thread died or trapped: nobody waits any longer

// ---- what run, resume and serve return ----------------------------------------------------------
export const RESULT_DONE = 0
export const RESULT_WAITING = 1 // the caller has waited long: look whether the workers live, then resume
export const RESULT_STOPPED = 2 // the status word says why

// ---- instruction header -----------------------------------------------------------------------
// word 0: opcode | words << 16 (length of the whole instruction); word 1: first thread | threads << 16
// | COMMIT (bit 31: it updates a variable and is skipped once the step has an error)
export const HEADER_WORDS = 2
export const COMMIT = -2147483648

// ---- gemm flags ---------------------------------------------------------------------------------
export const GEMM_TRANS_A = 1
export const GEMM_TRANS_B = 2
export const GEMM_ACCUMULATE = 4
export const GEMM_BIAS = 8
export const GEMM_PACK_A = 16 // with GEMM_PACK_SET: copy A (B) to panels first, else read it in place
export const GEMM_PACK_B = 32
export const GEMM_PACK_SET = 64 // without it the kernel decides for A and B
export const GEMM_ACTIVATION_SHIFT = 8

// ---- gemm blocks: a block of A is at most MC x KC, one of B KC x NC --------------------------------
export const GEMM_MC = 192
export const GEMM_KC = 384
export const GEMM_NC = 1024

// ---- micro-kernels of gemm: rows x columns -----------------------------------------------------
export const TILE_4X8 = 0
export const TILE_6X8 = 1
export const TILE_6X16 = 2

// ---- activations of a gemm epilogue (0 is none) -----------------------------------------------
export const ACT_NONE = 0
export const ACT_RELU = 1

/** Weights of a filter that convolution without panels takes at most. */
export const DIRECT_TAPS = 64

// ---- element-wise functions of one operand ----------------------------------------------------
export const UNARY_NEG = 0
export const UNARY_ABS = 1
export const UNARY_SQUARE = 2
export const UNARY_SQRT = 3
export const UNARY_RSQRT = 4
export const UNARY_RECIPROCAL = 5
export const UNARY_EXP = 6
export const UNARY_LOG = 7
export const UNARY_TANH = 8
export const UNARY_SIGMOID = 9
export const UNARY_ERF = 10
export const UNARY_RELU = 11
export const UNARY_GELU = 12
export const UNARY_GELU_TANH = 13
export const UNARY_SILU = 14
export const UNARY_SOFTPLUS = 15
export const UNARY_LEAKY_RELU = 16 // p0 = slope
export const UNARY_ELU = 17 // p0 = alpha
export const UNARY_CLIP = 18 // p0 = min, p1 = max
export const UNARY_AFFINE = 19 // p0 * x + p1
export const UNARY_SIGN = 20
export const UNARY_I32_TO_F32 = 21
export const UNARY_LOG_SIGMOID = 22
export const UNARY_LOG1P = 23
export const UNARY_EXPM1 = 24
export const UNARY_SIN = 25
export const UNARY_COS = 26
export const UNARY_FLOOR = 27
export const UNARY_CEIL = 28
export const UNARY_ROUND = 29 // half to even
export const UNARY_F32_TO_I32 = 30 // towards 0, limited to the range; NaN gives 0

// ---- element-wise functions of two operands -----------------------------------------------------
export const BINARY_ADD = 0
export const BINARY_SUB = 1
export const BINARY_MUL = 2
export const BINARY_DIV = 3
export const BINARY_MAXIMUM = 4
export const BINARY_MINIMUM = 5
export const BINARY_POW = 6
export const BINARY_SQUARED_DIFFERENCE = 7 // (a - b)^2
// gradients: a is the gradient of the output, b the value named in the comment
export const BINARY_RELU_GRAD = 8 // b > 0 ? a : 0                   b = y (or x)
export const BINARY_TANH_GRAD = 9 // a * (1 - b * b)                 b = y
export const BINARY_SIGMOID_GRAD = 10 // a * b * (1 - b)             b = y
export const BINARY_GELU_GRAD = 11 // b = x
export const BINARY_SILU_GRAD = 13 // b = x
export const BINARY_SOFTPLUS_GRAD = 14 // a * sigmoid(b)             b = x
export const BINARY_LEAKY_RELU_GRAD = 15 // b > 0 ? a : p0 * a       b = x
export const BINARY_ELU_GRAD = 16 // b > 0 ? a : a * p0 * exp(b)     b = x
export const BINARY_CLIP_GRAD = 17 // p0 <= b <= p1 ? a : 0          b = x
export const BINARY_ABS_GRAD = 18 // a * sign(b)                     b = x
export const BINARY_GREATER = 19 // a > b ? 1 : 0
export const BINARY_EQUAL = 20 // a == b ? 1 : 0
export const BINARY_GREATER_EQUAL = 21
export const BINARY_NOT_EQUAL = 22
export const BINARY_HARDTANH_GRAD = 23 // p0 < b < p1 ? a : 0        b = x

// ---- the same on 32-bit whole numbers; sums and products wrap around -------------------------------
export const WHOLE_ADD = 0
export const WHOLE_SUB = 1
export const WHOLE_MUL = 2
export const WHOLE_MAXIMUM = 3
export const WHOLE_MINIMUM = 4
export const WHOLE_GREATER = 5 // from here on the result is f32, 0 or 1
export const WHOLE_EQUAL = 6
export const WHOLE_GREATER_EQUAL = 7
export const WHOLE_NOT_EQUAL = 8

// ---- reductions -------------------------------------------------------------------------------
export const REDUCE_SUM = 0
export const REDUCE_MAX = 1
export const REDUCE_MIN = 2
export const REDUCE_PROD = 3
export const REDUCE_SUM_SQUARES = 4
export const REDUCE_ARGMAX = 0
export const REDUCE_ARGMIN = 1

// ---- random draws -------------------------------------------------------------------------------
export const RANDOM_UNIFORM = 0 // p0 <= y < p1
export const RANDOM_NORMAL = 1 // mean p0, standard deviation p1
export const RANDOM_BERNOULLI = 2 // 1 with probability p0, else 0

// ---- control scalars (f64 slots) ------------------------------------------------------------------
export const SCALAR_CONST = 0 // never encoded as an operation; a constant is a slot of its own
export const SCALAR_ADD = 1
export const SCALAR_SUB = 2
export const SCALAR_MUL = 3
export const SCALAR_DIV = 4
export const SCALAR_MIN = 5
export const SCALAR_MAX = 6
export const SCALAR_POW = 7
export const SCALAR_EXP = 8
export const SCALAR_LOG = 9
export const SCALAR_COS = 10
export const SCALAR_SQRT = 11
export const SCALAR_FLOOR = 12
export const SCALAR_LESS = 13 // a < b ? 1 : 0
export const SCALAR_SELECT = 14 // a != 0 ? b : c
export const SCALAR_COPY = 15
export const SCALAR_NEG = 16
export const SCALAR_TO_F32 = 17 // y is an f32 word
export const SCALAR_FROM_F32 = 18 // a is an f32 word

// ---- optimizer flags --------------------------------------------------------------------------------
export const SGD_NESTEROV = 1
export const SGD_MOMENTUM = 2 // the velocity operand exists
export const ADAM_DECOUPLED = 1

// ---- errors found by kernels (code of the error record) -----------------------------------------
export const ERROR_NONE = 0
export const ERROR_INDEX = 1

// What pool2d takes of a window.
export const POOL_MAX = 0
export const POOL_AVG = 1
