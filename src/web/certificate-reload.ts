import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { runInBackground } from '../background.ts';
import { UserError, type Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { HouseTime } from '../time/house-time.ts';
import { certificateExpiry, certificateProblem } from './certificate.ts';
import type { Listener } from './listener.ts';
import type { WebSettings } from './options.ts';

const pollEveryMs = 5_000;

export interface CertificateReloadOptions {
  config: WebSettings;
  /** Created just before. */
  listener: Pick<Listener, 'replace' | 'listenAgain' | 'closeRetired'>;
  time: Pick<HouseTime, 'now'>;
  log: Logger;
}

/**
 * Loads a new certificate without closing a socket: when one of the two files changes, and on SIGHUP. Warns of a
 * certificate that is not valid or expires soon. Does nothing without TLS.
 */
export class CertificateReload implements Service {
  readonly name = 'certificate reload';
  readonly #options: CertificateReloadOptions;
  /** What the listener has loaded when it was created; null without TLS. */
  readonly #initial: Files | null;
  readonly #onHangup = (): void => runInBackground(this.#poll());
  #timer: NodeJS.Timeout | undefined;
  /** The contents of the files that were last loaded or refused. */
  #seen = '';
  #polling: Promise<void> | null = null;
  #isStopped = false;
  #isListening = true;
  #expiresAt: number | null = null;

  constructor(options: CertificateReloadOptions) {
    this.#options = options;
    const { tlsCert, tlsKey } = options.config;
    // Not in `start`, since the files may change until then.
    this.#initial =
      tlsCert === undefined || tlsKey === undefined
        ? null
        : { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
  }

  /** When the loaded certificate expires, epoch ms; null without TLS. */
  get expiresAt(): number | null {
    return this.#expiresAt;
  }

  async start(): Promise<void> {
    if (this.#initial === null) return;
    this.#loaded(this.#initial);
    process.on('SIGHUP', this.#onHangup);
    this.#timer = setInterval(() => runInBackground(this.#poll()), pollEveryMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    process.off('SIGHUP', this.#onHangup);
    await this.#polling;
  }

  async #poll(): Promise<void> {
    if (this.#polling !== null) return;
    this.#polling = this.#update();
    try {
      await this.#polling;
    } finally {
      this.#polling = null;
    }
  }

  async #update(): Promise<void> {
    const { listener } = this.#options;
    listener.closeRetired();
    await this.#reloadIfChanged();
    if (!this.#isStopped && !this.#isListening) this.#setListening(await listener.listenAgain());
  }

  async #reloadIfChanged(): Promise<void> {
    const { listener, log } = this.#options;
    const files = await this.#read();
    if (this.#isStopped || files === null || files.cert + files.key === this.#seen) return;
    this.#seen = files.cert + files.key;
    try {
      this.#setListening(await listener.replace());
      if (!isSame(files, await this.#read())) {
        // They changed during the reload, so the loaded version is unknown. The next poll loads them again.
        this.#seen = '';
        return;
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      log.warn({ reason: error.message }, 'the new certificate is not usable; the old one stays in use');
      return;
    }
    log.info('new certificate loaded');
    this.#loaded(files);
  }

  #setListening(isListening: boolean): void {
    if (isListening === this.#isListening) return;
    this.#isListening = isListening;
    const { log } = this.#options;
    if (isListening) log.info('listening again');
    else log.warn('another process took the port while the certificate changed; trying again every 5 s');
  }

  #loaded({ cert, key }: Files): void {
    const { time, log } = this.#options;
    this.#seen = cert + key;
    this.#expiresAt = certificateExpiry(cert);
    const problem = certificateProblem(cert, time.now());
    if (problem !== null) log.warn(`the certificate ${problem.message}`);
  }

  /** Null without TLS. Empty texts if a file cannot be read; `replace` then throws an error that says so. */
  async #read(): Promise<Files | null> {
    const { tlsCert, tlsKey } = this.#options.config;
    if (tlsCert === undefined || tlsKey === undefined) return null;
    try {
      const [cert, key] = await Promise.all([readFile(tlsCert, 'utf8'), readFile(tlsKey, 'utf8')]);
      return { cert, key };
    } catch {
      return { cert: '', key: '' };
    }
  }
}

interface Files {
  cert: string;
  key: string;
}

function isSame(files: Files, others: Files | null): boolean {
  return files.cert === others?.cert && files.key === others.key;
}
