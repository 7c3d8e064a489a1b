/** Probabilities of scores, to be shown. */
export function softmax(scores: Float32Array): number[] {
  const top = scores.reduce((a, b) => Math.max(a, b))
  const parts = Array.from(scores, (score) => Math.exp(score - top))
  const sum = parts.reduce((a, b) => a + b)
  return parts.map((part) => part / sum)
}
