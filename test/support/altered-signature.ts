/** A JWT with another signature. The last character of a signature has bits that do not count, so the first is changed. */
export function withAlteredSignature(jwt: string): string {
  const start = jwt.lastIndexOf('.') + 1;
  const other = jwt.charAt(start) === 'A' ? 'B' : 'A';
  return `${jwt.slice(0, start)}${other}${jwt.slice(start + 1)}`;
}
