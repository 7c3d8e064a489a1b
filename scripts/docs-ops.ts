// Writes docs/ops.md from the op table and that of the composed functions, and the table of docs/export.md from the ONNX mapping. With --check it only says
// whether the pages are what it would write.
import { readFileSync, writeFileSync } from 'node:fs'
import { functionNames, roundingsOf } from '../src/check/function-table.ts'
import { type FunctionRow, functions } from '../src/check/functions/index.ts'
import { rounding } from '../src/check/rounding.ts'
import { notExported, onnxRows } from '../src/export/onnx/table.ts'
import { init, type OpName, ops } from '../src/index.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const code = (text: string): string => (text === '' ? '' : `\`${cell(text)}\``)
const isFormula = (text: string): boolean => text !== 'exact' && /\bu\b|2\^/.test(text)

const rowsOfOps = Object.values(ops).map(({ name, doc = '', formula = '', gradient }) => {
  const kind = typeof gradient === 'function' ? 'rule' : gradient
  const { text } = rounding[name as OpName]
  // where nothing is rounded there is nothing that the builds could round in two ways
  const builds = text === 'exact' ? 'both, same bits' : 'both'
  return `| ${name} | ${cell(doc)} | ${code(formula)} | ${kind} | ${builds} | ${isFormula(text) ? code(text) : cell(text)} |`
})

const engine = await init({ threads: 1 })
const rowsOfFunctions = functionNames.map((name) => {
  const row = functions[name] as FunctionRow
  const from = roundingsOf(engine, row)
  const [builds, bound] = from.length === 0 ? ['both, same bits', 'exact'] : ['both', `of ${from.join(', ')}`]
  return `| ${name} | ${cell(row.doc)} | ${code(row.formula)} | ${row.gradient} | ${builds} | ${bound} |`
})
await engine.close()

const page = `# Operations

Every row of the op table, and every public function that is composed of them, as \`scripts/docs-ops.ts\` finds them
(\`npm run docs\`). What they compute is in \`src/reference/\` and \`src/check/functions/\`, as plain loops in double precision;
each is compared with that on 1 to 4 threads, with equal bits, in both builds, and every gradient with central differences.
\`npx chainrule check\` does it in your own runtime.

The element type is float32. Whole numbers (int32: labels, indices, counts) are added, subtracted, multiplied, squared and
negated (modulo 2^32, as NumPy's int32), limited (\`clip\`, \`sign\`, \`abs\`), compared, reduced (\`sum\`, \`prod\`, \`max\`,
\`min\`, \`argmax\`, \`argmin\`), summed up (\`cumsum\`), sorted, picked (\`where\`, \`gather\`, ..) and brought into other
shapes as they are, exactly; what divides, and the functions of analysis, want float32. No operation mixes the two types,
\`toFloat\` and \`toInt\` convert.

There is no type for truth values: comparisons and logic give float32, 1 or 0, and take whatever is not 0 as true. What
they are for is to be multiplied with, summed and averaged, where a byte would have to be widened first, by kernels of
its own. Nor is there one for bytes: everything in memory is made of 32-bit words, which every kernel and every view
counts in. \`tensor\` takes a Uint8Array and widens it, and a set of images takes four bytes a pixel. Where that is too much,
\`data.pipeline\` over a source of bytes widens batch by batch, while the threads compute on the batch before.

## How exact

The bound is how far a result may lie from the one in double precision, an element at a time, in the tests and in
\`chainrule check\`: \`u\` is 2^-24, half a unit in the last place of 1, and \`t(n) = min(n, 4 + 2 sqrt n)\`, the walk of n
roundings; results below the normal range may be off by 2^-147. Both builds, the one with fused multiply-adds (\`relaxed\`) and
the one with the same bits on every machine (\`simd\`), keep it.

A composed function has no bound of its own: what a call records is evaluated in double precision with every result moved at
random within its own bound, and four times the spread that this gives is allowed ([numerics](numerics.md)).

## The op table

A rule is written in operations itself, so it has a derivative of its own; the others say why they have none.

| op | what | formula | gradient | builds | bound |
|---|---|---|---|---|---|
${rowsOfOps.sort().join('\n')}

## Composed functions

Their gradients follow from those of the operations that a call records. Some bear the name of an operation and do more than
its row: other axes, shapes and options.

| function | what | formula | gradient | builds | bound |
|---|---|---|---|---|---|
${rowsOfFunctions.join('\n')}
`

const exported = new URL('../docs/export.md', import.meta.url)
const [begin, end] = ['<!-- table of operations: npm run docs -->\n', '<!-- end of the table -->']
const before = readFileSync(exported, 'utf8')
const [head, rest] = before.split(begin) as [string, string]
const rows = Object.entries(onnxRows).map(([name, { as }]) => `| ${name} | ${cell(as)} |`)
const reasons = [...new Set(Object.values(notExported))].map((reason) => {
  const names = Object.keys(notExported).filter((name) => notExported[name as keyof typeof notExported] === reason)
  return `- ${reason}: ${names.sort().join(', ')}`
})
const table = `| op | in ONNX |\n|---|---|\n${rows.sort().join('\n')}\n\nWithout a form:\n\n${reasons.join('\n')}\n`

const pages = [
  [new URL('../docs/ops.md', import.meta.url), page],
  [exported, `${head}${begin}${table}${end}${rest.split(end)[1]}`],
] as const
for (const [file, text] of pages)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(
      `${file.pathname.split('/').slice(-2).join('/')} is not what scripts/docs-ops.ts writes: run npm run docs`,
    )
    process.exitCode = 1
  }
