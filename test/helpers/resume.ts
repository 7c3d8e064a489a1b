// node --import tsx resume.ts <job> <checkpoint> <threads>: goes on to the end and prints all that must be equal.
import { train } from '../../src/index.ts'
import { CheckpointFolder, readFile } from '../../src/io/node.ts'
import { type JobName, job, start, summary } from './jobs.ts'

const [name, path, threads] = process.argv.slice(2) as [JobName, string, string]
const engine = await start(Number(threads), 4)
const made = job(name)
const resume = path.endsWith('.safetensors')
  ? train.decodeCheckpoint(await readFile(path), path)
  : await new CheckpointFolder(path).latest()
process.stdout.write(await summary(made, await train.fit(made.model, made.set, { ...made.options, resume })))
await engine.close()
