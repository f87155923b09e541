/** A script that is imported when it is first needed, since not every page needs it. */
export class LazyModule<Module> {
  readonly #address: string;
  readonly #importScript: (address: string) => Promise<unknown>;
  #failures = 0;

  constructor(address: string, importScript: (address: string) => Promise<unknown> = (url) => import(url)) {
    this.#address = address;
    this.#importScript = importScript;
  }

  /** Rejects if the server does not deliver the script; the next call tries again. */
  async load(): Promise<Module> {
    // Firefox never again requests an address whose import failed.
    const retry = this.#failures === 0 ? '' : `?retry=${this.#failures}`;
    try {
      return (await this.#importScript(this.#address + retry)) as Module;
    } catch (error) {
      this.#failures += 1;
      throw error;
    }
  }

  /** Runs something that the page can do without: nothing happens if the script is missing or `run` fails. */
  tryWith(run: (module: Module) => unknown): void {
    this.load()
      .then(run)
      .catch(() => {});
  }
}
