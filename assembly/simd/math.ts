// Functions of four f32 at a time. Every one takes all bit patterns; docs/numerics.md has the error bounds, and
// scripts/accuracy.ts checks them. Nothing here needs a fused multiply-add: both builds keep the same bounds.

export { erf } from './erf'
export { exp, expm1, expm1Wide } from './exp'
export { gelu, geluGrad } from './gelu'
export { log, log1p, log64 } from './log'
export { pow } from './pow'
export { reciprocal, rsqrt, sqrt } from './root'
export { sigmoid, sigmoidGrad, silu, siluGrad, tanh } from './sigmoid'
export { logSigmoid, softplus } from './softplus'
export { cos, sin } from './trig'
