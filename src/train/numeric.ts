import { numericGradients } from '../check/index.ts'
import type { Recipe, Runner } from './classifier.ts'
