// node main.js [index|inline] [threads|data]: prints the result of the smoke or the data program as one line of JSON.
import { dataHashes } from './data.js'
import { smoke } from './smoke.js'

const [entry = 'index', threads = '2'] = globalThis.process.argv.slice(2)
const chainrule = await import(`../../dist/${entry}.js`)
const result = threads === 'data' ? dataHashes(chainrule) : smoke(chainrule, { threads: Number(threads) })
console.log(JSON.stringify(await result))
