import type { Job as JobName } from '../train-options.ts'
import { imageJob } from './image.ts'
import type { JobMaker } from './job.ts'
import { tableJob } from './table.ts'
import { textJob } from './text.ts'

export const jobs: Readonly<Record<JobName, JobMaker>> = { image: imageJob, table: tableJob, text: textJob }
