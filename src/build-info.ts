declare const CLOCK_BUILD: BuildInfo | undefined;

export interface BuildInfo {
  version: string;
  commit: string;
  /** ISO 8601 date. */
  date: string;
}

/** The running build. The bundler defines it; without a bundle it is a development build. */
export const buildInfo: BuildInfo =
  typeof CLOCK_BUILD === 'undefined' ? { version: '0.0.0', commit: 'source', date: 'unbuilt' } : CLOCK_BUILD;

/** Identifies the build, for example `1.0.0+3f2a91c`. */
export const build = `${buildInfo.version}+${buildInfo.commit}`;
