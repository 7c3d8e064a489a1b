// node main.js [index|inline] [threads|data|travel file]: prints the result of the smoke or the data program, or of a run
// that goes on from a checkpoint, as one line of JSON.
import { dataHashes } from './data.js'
import { smoke } from './smoke.js'
import { goOn } from './travel.js'

const [entry = 'index', threads = '2', file = ''] = globalThis.process.argv.slice(2)
const chainrule = await import(`../../dist/${entry}.js`)
const programs = {
  data: () => dataHashes(chainrule),
  travel: async () => goOn(chainrule, await (await import('../../dist/io/node.js')).readFile(file)),
}
const result = programs[threads]?.() ?? smoke(chainrule, { threads: Number(threads) })
console.log(JSON.stringify(await result))
