// Holds the ONNX exports of all test cases against the checker of onnx (Debian: apt-get install python3-onnx), with
// strict shape inference. ONNX_PYTHON names another interpreter.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportOnnx } from '../src/export/index.ts'
import { init } from '../src/index.ts'
import { cases } from '../test/export/cases.ts'

const checker = `
import sys, onnx
failed = 0
for path in sys.argv[1:]:
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        assert model.opset_import[0].version == 17
        for said, found in zip(model.graph.output, inferred.graph.output):
            assert said.type.tensor_type.elem_type == found.type.tensor_type.elem_type, said.name
    except Exception as error:
        failed += 1
        print(path, error)
print(len(sys.argv) - 1 - failed, 'of', len(sys.argv) - 1, 'models pass the checker of onnx', onnx.__version__)
sys.exit(1 if failed else 0)
`

/** An interpreter that has onnx. */
function python(): string {
  const asked = process.env['ONNX_PYTHON']
  for (const name of asked === undefined ? ['python3', '/usr/bin/python3'] : [asked])
    try {
      execFileSync(name, ['-c', 'import onnx'], { stdio: 'ignore' })
      return name
    } catch {}
  throw new Error('no Python with onnx: apt-get install python3-onnx, or pip install onnx, or set ONNX_PYTHON')
}

const interpreter = python()
const folder = mkdtempSync(join(tmpdir(), 'chainrule-onnx-'))
const engine = await init({ threads: 1, seed: 3 })
try {
  const paths = cases.map(({ name, model: make, inputs, options }, i) => {
    using model = make()
    const path = join(folder, `${i} ${name.replaceAll(/\W+/g, ' ')}.onnx`)
    writeFileSync(path, exportOnnx(model, inputs, { batch: 'dynamic', ...options }))
    return path
  })
  execFileSync(interpreter, ['-c', checker, ...paths], { stdio: 'inherit' })
} catch (error) {
  console.error(error instanceof Error ? error.message.split('\n')[0] : error)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
  await engine.close()
}
