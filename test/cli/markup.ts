/** Elements of a page that are not closed, or closed in the wrong order. */
export function unclosed(page: string): string[] {
  const open: string[] = []
  const wrong: string[] = []
  for (const [, close, name = '', attributes = ''] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>/g))
    if (close === '') {
      if (!/^(meta|br|img|col)$/.test(name) && !attributes.endsWith('/')) open.push(name)
    } else if (open.pop() !== name) wrong.push(name)
  return [...wrong, ...open]
}
