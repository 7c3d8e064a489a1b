// The runtime as one plain JavaScript module, for child processes and workers that know no TypeScript.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Bundle {
  /** The module's URL. */
  readonly url: string
  readonly folder: string
  /** Options that let `Runtime.create` find its files from there. */
  readonly options: { readonly wasmUrl: string; readonly workerUrl: string }
}

export async function bundleRuntime(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-runtime-'))
  const common = { bundle: true, format: 'esm', target: 'es2022', logLevel: 'error', absWorkingDir: root } as const
  await build({ ...common, entryPoints: ['test/helpers/bundled.ts'], outfile: join(folder, 'runtime.mjs') })
  await build({ ...common, entryPoints: ['src/runtime/worker.ts'], outfile: join(folder, 'worker.mjs') })
  return {
    url: pathToFileURL(join(folder, 'runtime.mjs')).href,
    folder,
    options: {
      wasmUrl: pathToFileURL(join(root, 'wasm/')).href,
      workerUrl: pathToFileURL(join(folder, 'worker.mjs')).href,
    },
  }
}

/** Writes a module that has Runtime, Assembler, counter, word and `options` in scope: its path. */
export function writeScript(bundle: Bundle, name: string, body: string): string {
  const path = join(bundle.folder, `${name}.mjs`)
  const names = 'Runtime, Assembler, counter, put, word'
  writeFileSync(
    path,
    `import { ${names} } from '${bundle.url}'\nconst options = ${JSON.stringify(bundle.options)}\n${body}\n`,
  )
  return path
}
