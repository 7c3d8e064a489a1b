/** How many steps fit the time between two events, learnt from the last ones. */
export class Pace {
  steps = 1
  seconds = 0
  secondsPerStep = 0
  private samples = 0
  private readonly target: number

  constructor(milliseconds: number) {
    this.target = milliseconds / 1000
  }

  get samplesPerSecond(): number {
    return this.seconds > 0 ? this.samples / this.seconds : 0
  }

  ran(steps: number, samples: number, milliseconds: number): void {
    if (steps === 0) return
    const seconds = milliseconds / 1000
    this.seconds += seconds
    this.samples += samples
    this.secondsPerStep = seconds / steps
    const fits = Math.round(this.target / Math.max(this.secondsPerStep, 1e-9))
    this.steps = Math.min(Math.max(fits, 1), this.steps * 4)
  }
}
