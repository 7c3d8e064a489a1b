// Runs that are stopped or killed and go on in another process, as users do it.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/bundle/main.js')
const iris = join(root, 'data/iris/iris.csv')

let folder = ''
beforeAll(() => {
  if (!existsSync(main)) throw new Error('dist/ is missing: npm run build')
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainrule-resume-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command; sends the signal once that many epochs were reported. */
function chainrule(argv: readonly string[], signal?: NodeJS.Signals, after = 1): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...argv], { cwd: folder })
    let [out, err] = ['', '']
    let sent = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (signal === undefined || sent || out.split('"event":"epoch"').length <= after) return
      sent = true
      child.kill(signal)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

const last = ({ out }: Run): Record<string, unknown> => JSON.parse(out.trimEnd().split('\n').at(-1) as string)
const words = (line: string): string[] => line.split(' ')

describe('chainrule resume', { timeout: 120_000 }, () => {
  const jobs = {
    'an MLP with dropout': ['--epochs', '30', '--hidden', '512,256'],
    'a CNN': words('--model cnn --channels 8 --hidden 32 --epochs 20'),
    'a table with early stopping': [iris, ...words('--target species --batch 2 --epochs 60 --patience 40')],
    'a transformer': words('book.txt --context 16 --width 32 --layers 2 --heads 2 --epochs 20 --batch 8'),
  }

  test.each(Object.entries(jobs))('ends %s that was stopped like one that was not', async (_, flags) => {
    writeFileSync(join(folder, 'book.txt'), 'In the beginning there was a text, and it was short. '.repeat(40))
    const plain = ['--json', '--no-report']
    const whole = await chainrule(['train', ...flags, ...plain, '--out', 'whole.st'])
    expect(whole).toMatchObject({ code: 0, err: '' })

    const stopped = await chainrule(['train', ...flags, ...plain, '--out', 'part.safetensors'], 'SIGINT', 3)
    expect(stopped).toMatchObject({ code: 130, err: '' })
    expect(last(stopped)).toMatchObject({ interrupted: true, checkpoint: 'part.checkpoint.safetensors' })
    expect(last(stopped)['steps']).toBeLessThan(last(whole)['steps'] as number)
    expect(readdirSync(folder)).toContain('part.checkpoint.safetensors')

    const rest = await chainrule(['resume', 'part.checkpoint.safetensors', '--json', '--threads', '1'])
    expect(rest).toMatchObject({ code: 0, err: '' })
    const facts = ({
      weightsHash,
      steps,
      epochs,
      testAccuracy,
      testLoss,
      bestEpoch,
    }: Record<string, unknown>): unknown => ({
      weightsHash,
      steps,
      epochs,
      testAccuracy,
      testLoss,
      bestEpoch,
    })
    expect(facts(last(rest))).toEqual(facts(last(whole)))
    expect(last(rest)['files']).toEqual(['part.safetensors'])
  })

  test('goes on with a run that was killed, from its last checkpoint', async () => {
    const flags = words('--epochs 40 --hidden 256 --json --no-report')
    const whole = await chainrule(['train', ...flags, '--out', 'whole.st'])
    const killed = await chainrule(['train', ...flags, '--out', 'part.st', '--checkpoint', 'run'], 'SIGKILL', 6)
    expect(killed.code).toBeNull()
    expect(existsSync(join(folder, 'part.st'))).toBe(false)
    const files = readdirSync(join(folder, 'run')).filter((name) => !name.startsWith('.'))
    expect(files.length).toBeGreaterThan(0)
    const again = await chainrule(['train', ...flags, '--checkpoint', 'run'])
    expect(again.code).toBe(2)
    expect(again.err).toMatch(/the checkpoints of another run. Go on with it by 'chainrule resume run'/)
    const rest = await chainrule(['resume', 'run', '--json'])
    expect(rest).toMatchObject({ code: 0, err: '' })
    expect(last(rest)['weightsHash']).toBe(last(whole)['weightsHash'])
    const kept = readdirSync(join(folder, 'run'))
    const shown = await chainrule(['inspect', join('run', kept[0] as string)])
    expect(shown.out).toMatch(/checkpoint +step [\d,]+, epoch \d+/)
    expect((await chainrule(['inspect', 'run'])).out).toContain(join('run', kept.at(-1) as string))
    expect((await chainrule(['inspect', '.'])).err).toMatch(/no checkpoints/)
    // At the end of the run the last checkpoint has the weights of the model.
    await chainrule(['train', iris, '--target', 'species', '--epochs', '3', '--checkpoint', 'ck', '--quiet'])
    const { out } = await chainrule(['predict', 'model.safetensors', iris])
    expect(out.split('\n')).toHaveLength(152)
    for (const path of ['ck', join('ck', readdirSync(join(folder, 'ck')).at(-1) as string)])
      expect(await chainrule(['predict', path, iris])).toEqual({ code: 0, err: '', out })
    expect((await chainrule(['evaluate', 'ck', iris])).out).toMatch(/ % accuracy {3}150 rows/)
  })

  test('says in plain words how', async () => {
    const run = await new Promise<string>((resolve) => {
      const child = spawn(process.execPath, [main, 'train', '--epochs', '100000', '--no-report'], { cwd: folder })
      let out = ''
      let sent = false
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
        // A second one would end the process at once.
        if (!sent && out.includes('epoch')) sent = child.kill('SIGINT')
      })
      child.on('close', () => resolve(out))
    })
    expect(run).toMatch(/Stopped after step [\d,]+ of [\d,]+/)
    expect(run).toContain('To go on: chainrule resume model.checkpoint.safetensors')
  })

  test('refuses what is no run, other data, and nothing at all', async () => {
    expect((await chainrule(['resume', 'nowhere'])).err).toMatch(/nowhere: cannot be read: no such file/)
    expect((await chainrule(['resume', '.'])).err).toMatch(/no checkpoints; expected a folder/)
    const table = readFileSync(iris, 'utf8')
    writeFileSync(join(folder, 't.csv'), table)
    const flags = words('train t.csv --target species --epochs 3 --no-report --quiet --checkpoint run')
    expect((await chainrule(flags)).code).toBe(0)
    writeFileSync(join(folder, 't.csv'), table.replace('5.1', '5.2'))
    const run = await chainrule(['resume', 'run'])
    expect(run.code).toBe(1)
    expect(run.err).toMatch(/the data are not those that the run began with. Name the right ones with --data/)
    expect((await chainrule(['resume', 'model.safetensors'])).err).toMatch(/model\.safetensors/)
    const over = await chainrule(['resume', 'run', '--data', iris, '--json', '--out', 'again.st'])
    expect(over).toMatchObject({ code: 0, err: '' })
    expect(last(over)).toMatchObject({ files: ['again.st'], epochs: 3 })
  })
})
