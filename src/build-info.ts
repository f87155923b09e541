declare const CLOCK_BUILD: BuildInfo | undefined;

export interface BuildInfo {
  version: string;
  commit: string;
  /** ISO date. */
  date: string;
}

/** What was built; the bundler puts it in, and run from its sources it is a development build. */
export const buildInfo: BuildInfo =
  typeof CLOCK_BUILD === 'undefined' ? { version: '0.0.0', commit: 'source', date: 'unbuilt' } : CLOCK_BUILD;

/** `1.0.0+3f2a91c`: one text for each build. */
export const build = `${buildInfo.version}+${buildInfo.commit}`;
