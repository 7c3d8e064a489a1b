// Writes the tables of docs/command-line.md from the table of commands; with --check it compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { flagsOf, usageOf } from '../src/cli/command.ts'
import { commands } from '../src/cli/commands/index.ts'

const file = new URL('../docs/command-line.md', import.meta.url)
const [begin, end] = ['<!-- table of commands: npm run docs -->\n', '<!-- end of the table -->']
const cell = (text: string): string => text.replaceAll('|', '\\|')

const parts = commands.map((command) => {
  const { name, summary, positionals, examples } = command
  const rows = positionals.map(({ name, help }) => `| ${name} | ${cell(help)} | |`)
  let section: string | undefined
  for (const flag of flagsOf(command)) {
    if (flag.section !== section) rows.push(`| **${flag.section ?? ''}** | | |`)
    section = flag.section
    rows.push(`| \`${cell(flag.usage)}\` | ${cell(flag.help)} | ${cell(flag.shown ?? '')} |`)
  }
  const lines = examples.map(({ line, what }) => `# ${what}\n${line}`)
  return `### ${name}

\`${usageOf(command)}\`: ${summary}.

| argument | what it does | default |
|---|---|---|
${rows.join('\n')}

\`\`\`sh
${lines.join('\n')}
\`\`\`
`
})

const before = readFileSync(file, 'utf8')
const [head, rest] = before.split(begin) as [string, string]
const page = `${head}${begin}\n${parts.join('\n')}\n${end}${rest.split(end)[1]}`
if (!process.argv.includes('--check')) writeFileSync(file, page)
else if (before !== page) {
  console.error('docs/command-line.md is not what scripts/docs-cli.ts writes: run npm run docs')
  process.exitCode = 1
}
