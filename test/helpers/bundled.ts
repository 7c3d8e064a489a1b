export { Runtime } from '../../src/runtime/runtime.ts'
export { Assembler, counter, put, word } from './program.ts'
