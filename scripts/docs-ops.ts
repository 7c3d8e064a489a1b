// Writes docs/ops.md from the op table, and the table of docs/export.md from the ONNX mapping. With --check it only says
// whether the pages are what it would write.
import { readFileSync, writeFileSync } from 'node:fs'
import { notExported, onnxRows } from '../src/export/onnx/table.ts'
import { ops } from '../src/index.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const page = `# Operations

Every row of the op table, as \`scripts/docs-ops.ts\` finds it (\`npm run docs\`). Many more functions are composed of these:
their gradients follow. What an operation computes is in \`src/reference/\`; every row is compared with that on 1 to 4
threads in both builds, and every gradient rule with central differences. A rule is written in operations itself, so it has
a derivative of its own; the others say why they have none.

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

| op | what | formula | gradient |
|---|---|---|---|
${Object.values(ops)
  .map(({ name, doc = '', formula = '', gradient }) => {
    const kind = typeof gradient === 'function' ? 'rule' : gradient
    return `| ${name} | ${cell(doc)} | ${formula === '' ? '' : `\`${cell(formula)}\``} | ${kind} |`
  })
  .sort()
  .join('\n')}
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
