// node main.js [index|inline] [threads]: prints the result of the smoke program as one line of JSON.
import { smoke } from './smoke.js'

const [entry = 'index', threads = '2'] = globalThis.process.argv.slice(2)
const chainrule = await import(`../../dist/${entry}.js`)
console.log(JSON.stringify(await smoke(chainrule, { threads: Number(threads) })))
