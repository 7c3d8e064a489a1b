import type { Module } from '../nn/module.ts'

/** Runs `fn` with the modules in training or evaluation mode, and puts each back to what it was. */
export function inMode<T>(model: Module, training: boolean, fn: () => T): T {
  const modules = [...model.namedModules()].map(([, module]) => module)
  const before = modules.map((module) => module.training)
  try {
    for (const module of modules) module.training = training
    return fn()
  } finally {
    modules.forEach((module, i) => {
      module.training = before[i] as boolean
    })
  }
}
