// Nobody calls sleep, turn and awaitJob from outside: being exported keeps them functions of their own. The first
// compiler of V8 in Node 20 confuses local variables that are alive across a memory.atomic.wait, such as those of the
// function they would be inlined into; test/vm/first-compiler.test.ts.
export { sleep, turn } from './vm/barrier'
export { dispatch } from './vm/dispatch'
export { awaitJob, halt, resume, run, serve, start } from './vm/executor'
