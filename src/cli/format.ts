/** 1234567 -> '1,234,567', the same in every locale. */
export function integer(value: number): string {
  return Math.round(value)
    .toFixed(0)
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

/** 0.98329 -> '98.33 %' */
export function percent(value: number, digits = 2): string {
  return Number.isFinite(value) ? `${(value * 100).toFixed(digits)} %` : String(value)
}

/** A loss: four figures after the point, an exponent where that would show nothing. */
export function decimal(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value.toFixed(4)
}

/** A number of any size in as few figures as tell it: 8118.2456 -> '8118.2'. */
export function short(value: number, figures = 5): string {
  const rounded = Number(value.toPrecision(figures))
  return Math.abs(rounded) >= 1e15 || (rounded !== 0 && Math.abs(rounded) < 1e-4)
    ? rounded.toExponential()
    : String(rounded)
}

/** 0.34 -> '0.34 s', 75 -> '1:15', 3700 -> '1:01:40' */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?'
  if (seconds < 10) return `${seconds.toFixed(2)} s`
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return clock(seconds)
}

/** Time left: '0:07', '12:30', '1:02:03' */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-:--'
  const whole = Math.ceil(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const tail = String(rest).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}

/** 61234 -> '59.8 KiB' */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  const unit = count < 2 ** 20 ? 10 : count < 2 ** 30 ? 20 : 30
  return `${(count / 2 ** unit).toFixed(1)} ${{ 10: 'KiB', 20: 'MiB', 30: 'GiB' }[unit]}`
}

/** Nice numbers that lie in [low, high]: about `count` of them, 1, 2 or 5 times a power of ten apart. */
export function ticks(low: number, high: number, count: number): number[] {
  const span = high - low
  if (!(span > 0) || !Number.isFinite(span)) return [low]
  const raw = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw * 0.75) ?? 10)
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** The same on a logarithmic axis: powers of ten, and 2 and 5 times them where there are few. */
export function logTicks(low: number, high: number): number[] {
  const factors = Math.log10(high / low) < 2 ? [1, 2, 5] : [1]
  const all: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) all.push(Number((factor * 10 ** power).toPrecision(3)))
  }
  return all.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001)
}

/** A tick's label, as short as it can be. */
export function tickLabel(value: number): string {
  const size = Math.abs(value)
  if (value !== 0 && (size < 1e-3 || size >= 1e15)) return value.toExponential(0)
  for (const [letter, unit] of [
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (size >= Math.max(unit, 1e4)) return `${Number((value / unit).toPrecision(4))}${letter}`
  return String(Number(value.toPrecision(6)))
}
