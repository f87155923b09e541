/** The value of a claim: that of this top-level name, else that at the end of a path such as `realm_access.roles`. */
export function claimOf(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, part)) return;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** Whether a claim equals a value, or is a list that contains it. */
export function hasClaim(
  claims: Readonly<Record<string, unknown>>,
  { claim, value }: { claim: string; value: string },
): boolean {
  const found = claimOf(claims, claim);
  return found === value || (Array.isArray(found) && found.includes(value));
}
