// The entry of a pool worker. Without imports, so that every bundler ships it as one file, and without type
// annotations, so that this very text is JavaScript too: Node 20 runs it as it stands.

const port = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort

const reply = (type = '', detail = '') => {
  if (port) port.postMessage({ type, detail })
  else globalThis.postMessage({ type, detail })
}

// The defaults only give the parameters a type.
const work = (job = JSON.parse('{}')) => {
  const { module, memory, thread, threads, done, lost } = job
  const abort = () => {
    throw new Error('a kernel failed an assertion')
  }
  const { serve, halt } = new WebAssembly.Instance(module, { env: { memory, abort } }).exports
  if (typeof serve !== 'function' || typeof halt !== 'function') return reply('failed', 'not a chainrule binary')
  try {
    reply('ready')
    while (serve(thread) === done) reply('done')
  } catch (error) {
    halt(lost, threads)
    reply('failed', String(error))
  }
}

const begin = (job = {}) => {
  try {
    work(job)
  } catch (error) {
    reply('failed', String(error))
  }
  if (port) port.close?.()
  else globalThis.close()
}

if (port) port.once('message', begin)
else globalThis.onmessage = (event) => begin(event.data)
