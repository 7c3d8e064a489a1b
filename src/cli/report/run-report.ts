import type { Profile } from '../../inspect/profile.ts'

// A report as plain data: whoever ran the training fills it, and the renderer needs nothing else.

/** A line: y over x, x rising. Values that are not finite are gaps. */
export interface ReportCurve {
  readonly name: string
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** A faint line without a name, behind the one that follows it, in the same color. */
  readonly faint?: boolean
  /** A dot with its value at each point. */
  readonly dots?: boolean
}

export interface CurvesCard {
  readonly kind: 'curves'
  readonly title: string
  readonly xLabel: string
  readonly curves: readonly ReportCurve[]
  /** How values are written. Default 'number'. */
  readonly format?: 'number' | 'percent'
}

/** A number for each layer over the steps: lines for a few layers, a heat map for many. */
export interface LayersCard {
  readonly kind: 'layers'
  readonly title: string
  readonly xLabel: string
  readonly x: ArrayLike<number>
  readonly layers: readonly { readonly name: string; readonly y: ArrayLike<number> }[]
}

export interface ConfusionCard {
  readonly kind: 'confusion'
  readonly title: string
  readonly classes: number
  /** Row-major: true class, then predicted. */
  readonly counts: ArrayLike<number>
  /** Numbers from 0 if not given. */
  readonly names?: readonly string[]
}

/** A sample and what the model made of it. */
export interface ReportSample {
  /** Gray levels 0 to 1, row-major. */
  readonly image?: { readonly pixels: ArrayLike<number>; readonly rows: number; readonly columns: number }
  /** A row of a table, a text. */
  readonly text?: string
  readonly actual?: string
  readonly predicted: string
  /** 0 to 1. */
  readonly confidence?: number
}

export interface SamplesCard {
  readonly kind: 'samples'
  readonly title: string
  readonly note?: string
  readonly samples: readonly ReportSample[]
}

/** Samples as the rows of a table. */
export interface RowsCard {
  readonly kind: 'rows'
  readonly title: string
  readonly note?: string
  readonly head: readonly string[]
  readonly rows: readonly { readonly cells: readonly string[]; readonly wrong?: boolean }[]
}

/** Points beside the line on which both numbers are equal. */
export interface ScatterCard {
  readonly kind: 'scatter'
  readonly title: string
  readonly note?: string
  readonly xLabel: string
  readonly yLabel: string
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
}

/** Where the time of a step goes: what `profile` of chainrule/inspect gives. */
export interface TimelineCard {
  readonly kind: 'timeline'
  readonly title: string
  readonly profile: Profile
}

export interface FactsCard {
  readonly kind: 'facts'
  readonly title: string
  readonly rows: readonly (readonly [name: string, value: string])[]
}

export interface TextCard {
  readonly kind: 'text'
  readonly title: string
  readonly note?: string
  readonly text: string
}

export type ReportCard =
  | CurvesCard
  | LayersCard
  | ConfusionCard
  | SamplesCard
  | RowsCard
  | ScatterCard
  | TimelineCard
  | FactsCard
  | TextCard

export interface RunReport {
  readonly title: string
  readonly subtitle?: string
  /** The figures at the top. */
  readonly tiles?: readonly { readonly value: string; readonly label: string }[]
  /** In their order, two beside each other where there is room. */
  readonly cards: readonly ReportCard[]
  /** A line at the end, and a command to show with it. */
  readonly footer?: { readonly text: string; readonly command?: string }
}
