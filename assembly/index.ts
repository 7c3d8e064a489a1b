export { dispatch } from './vm/dispatch'
