// chainrule/report: a training run as a page.
export { type ReportExtras, RunRecorder } from './recorder.ts'
export { renderReport } from './render.ts'
export type * from './run-report.ts'
