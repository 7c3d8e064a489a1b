export { type ArraysOptions, arrays, type Column, type Dataset, take } from './dataset.ts'
export { type Batch, Loader, type LoaderOptions, loader } from './loader.ts'
export { type Split, split } from './split.ts'
