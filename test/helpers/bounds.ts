/** Largest errors in ULP over all bit patterns, both builds: the table of docs/numerics.md. */
export const bounds: Readonly<Record<string, number>> = {
  sqrt: 0.5,
  rsqrt: 0.51,
  reciprocal: 0.5,
  exp: 1,
  log: 1,
  tanh: 2,
  sigmoid: 2,
  erf: 4,
  gelu: 4,
  geluTanh: 4,
  silu: 4,
  softplus: 4,
  logSigmoid: 4,
  elu: 2,
}
