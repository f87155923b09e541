import type { MinifyOptions } from 'terser';

/** A flag, an instant or a period: `isFresh`, `hasForgotten`, `receivedAt`, `tickInstant`, `spreadMs`. */
const internalName = /^(has|is)[A-Z]|[a-z](At|Instant|Left|Ms|Since|Until)$/;

export interface ShortNames {
  /** The options of terser for the next script. */
  options(): Pick<MinifyOptions, 'mangle' | 'nameCache'>;
}

/**
 * Shortens the names of internal properties, in the same way in all scripts. Terser never shortens names of the browser.
 * Nor does it shorten names in quotes, or those that `protocol` declares: the source of the messages and responses.
 */
export function shortNames(protocol: string): ShortNames {
  const reserved = [...protocol.matchAll(/\b(\w+)\??:/g)].map(([, name = '']) => name);
  const properties = { regex: internalName, reserved, keep_quoted: true };
  const nameCache: { vars?: object; props?: object } = {};
  return {
    options: () => {
      // Terser adds the names of each script. Those of variables need not be the same.
      delete nameCache.vars;
      return { mangle: { properties }, nameCache };
    },
  };
}
