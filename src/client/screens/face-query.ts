/** The query of a face, from what an operator typed or pasted: a query, or the address of a clock with one. */
export function faceQueryOf(text: string): string {
  const trimmed = text.trim();
  if (/^https?:\/\//i.test(trimmed)) {
    const [address = ''] = trimmed.split('#');
    const start = address.indexOf('?');
    return start === -1 ? '' : address.slice(start + 1);
  }
  return trimmed.replace(/^[/?]+/, '');
}
