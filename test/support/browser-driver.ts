/** One page in one browser with a new profile. */
export interface BrowserDriver {
  /** Opens a page; resolves when it has loaded. */
  goto(url: string): Promise<void>;
  /** The value, as JSON, of an ECMAScript 5 expression that the page evaluates. */
  evaluate(expression: string): Promise<unknown>;
  /** Adds a script that every page runs before its own, or null if this browser cannot. */
  addInitScript: ((source: string) => Promise<void>) | null;
  /** Turns off the scripts of all pages from now on, or null if this browser cannot. `evaluate` still works. */
  disableScripts: (() => Promise<void>) | null;
  /** Ends the browser and deletes its profile. */
  close(): Promise<void>;
}
