// node --import tsx resume.ts <job> <threads> <checkpoint>..: goes on from each to the end, and prints a list of all that must
// be equal.
import { train } from '../../src/index.ts'
import { CheckpointFolder, readFile } from '../../src/io/node.ts'
import { type JobName, job, start, summary } from './jobs.ts'

const [name, threads, ...paths] = process.argv.slice(2) as [JobName, string, ...string[]]
const ends: string[] = []
for (const [i, path] of paths.entries()) {
  const engine = await start(Number(threads), 4 + i)
  const made = job(name)
  const resume = path.endsWith('.safetensors')
    ? train.decodeCheckpoint(await readFile(path), path)
    : await new CheckpointFolder(path).latest()
  ends.push(await summary(made, await train.fit(made.model, made.set, { ...made.options, resume })))
  await engine.close()
}
process.stdout.write(JSON.stringify(ends))
