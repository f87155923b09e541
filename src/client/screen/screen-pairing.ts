import type { PairingResponse, Code, PairingRequests } from './pairing-requests.ts';

/** Where the memory holds the code, and the key of a link that is not exchanged yet. */
const memoryKeys = { code: 'pairing', link: 'link' };
const retryAfterMs = 2_000;

/** A code, and when it expires by this device's clock. */
type StoredCode = Code & { expiresAt: number };

export interface ScreenPairingOptions {
  requests: Pick<PairingRequests, 'session' | 'code' | 'collect' | 'link'>;
  view: {
    /** Shows what the page is doing, in a sentence. */
    setMessage(text: string): void;
    /** Null hides it. */
    setCode(code: Code | null): void;
    /** Asks whether a link replaces the sign-in of a person. If it does not, the view leaves the page. */
    confirmReplacing(): Promise<boolean>;
  };
  /** Storage that survives a reload, for the code and the key of a link. */
  memory: Pick<Storage, 'getItem' | 'setItem'>;
  /** Epoch ms. */
  wall: () => number;
  wait: (ms: number) => Promise<void>;
  /** Goes to a path of this site, with the query of this page. */
  leave: (path: string, fragment?: string) => void;
}

/** Turns a blank screen into the clock: by its session, by the key of a link, or by a code that an operator approves. */
export class ScreenPairing {
  readonly #options: ScreenPairingOptions;
  /** Only the latest run continues. */
  #run = 0;
  /** The sentence that the page shows with a code. */
  #waitingText = 'Waiting for approval';

  constructor(options: ScreenPairingOptions) {
    this.#options = options;
  }

  /** Resolves when the page leaves, or when another run takes over. `key`: of a link, from the address. */
  async run(key: string | null): Promise<void> {
    this.#run += 1;
    const run = this.#run;
    this.#options.view.setCode(null);
    const link = key ?? this.#options.memory.getItem(memoryKeys.link) ?? '';
    if (link === '' ? await this.#hasSession(run) : await this.#open(link, run)) return;
    while (run === this.#run) {
      if (await this.#pair(run)) return;
    }
  }

  /** Whether the browser has a session already; then the page leaves. Waits for the server. */
  async #hasSession(run: number): Promise<boolean> {
    const { requests, leave } = this.#options;
    const { status } = await this.#answered(run, () => requests.session());
    if (status === 200 && run === this.#run) leave('/');
    return status === 200;
  }

  /** Exchanges the key of a link for a cookie. Whether the page leaves. */
  async #open(key: string, run: number): Promise<boolean> {
    const { requests, view, memory, leave } = this.#options;
    memory.setItem(memoryKeys.link, key);
    let answer = await this.#answered(run, () => requests.link(key, false));
    if (answer.status === 409 && run === this.#run) {
      view.setMessage('A person is signed in on this browser. The link would end that session.');
      const isConfirmed = await view.confirmReplacing();
      if (run !== this.#run) return true;
      if (!isConfirmed) {
        memory.setItem(memoryKeys.link, '');
        return true;
      }
      answer = await this.#answered(run, () => requests.link(key, true));
    }
    if (run !== this.#run) return true;
    if (answer.status !== 200) {
      memory.setItem(memoryKeys.link, '');
      this.#waitingText = 'This link has ended, or it was not copied completely. Pair this screen instead:';
      return false;
    }
    const { status } = await this.#answered(run, () => requests.session());
    if (run !== this.#run) return true;
    memory.setItem(memoryKeys.link, '');
    // A browser that stores no cookie shows the clock with the key itself.
    if (status === 200) leave('/');
    else leave('/embed', `#${key}`);
    return true;
  }

  /** Shows a code until it is approved or expires. Whether the page leaves. */
  async #pair(run: number): Promise<boolean> {
    const { requests, view, wall, wait, leave } = this.#options;
    const code = this.#storedCode() ?? (await this.#newCode(run));
    if (code === null || run !== this.#run) return false;
    view.setCode(code);
    while (run === this.#run && wall() < code.expiresAt) {
      view.setMessage(this.#waitingText);
      const answer = await this.#answered(run, () => requests.collect(code.secret));
      if (answer.status !== 200) break;
      if ((answer.body as { state: string }).state === 'paired') {
        const { status } = await this.#answered(run, () => requests.session());
        this.#store(null);
        if (status === 200) leave('/');
        else view.setMessage('This browser stores no cookies, which pairing needs. Use a link instead.');
        return true;
      }
      await wait(code.againInMs);
    }
    this.#store(null);
    return false;
  }

  async #newCode(run: number): Promise<StoredCode | null> {
    const { requests, view, wall, wait } = this.#options;
    view.setCode(null);
    const answer = await this.#answered(run, () => requests.code());
    if (answer.status !== 200) {
      view.setMessage('This browser stores no cookies, which pairing needs. Use a link instead.');
      await wait(retryAfterMs * 5);
      return null;
    }
    const body = answer.body as Code;
    const code = { ...body, expiresAt: wall() + body.expiresInMs };
    this.#store(code);
    return code;
  }

  /** Repeats a request during an outage, without a change of the page, and resolves to the first other answer. */
  async #answered(run: number, ask: () => Promise<PairingResponse>): Promise<PairingResponse> {
    const { view, wait } = this.#options;
    for (;;) {
      const answer = await ask();
      const { status, retryAfterMs: ordered } = answer;
      if (run !== this.#run || (status !== 0 && status !== 429 && status < 500)) return answer;
      view.setMessage(status === 429 ? 'Too many screens are waiting' : 'The server does not answer');
      await wait(Math.max(ordered ?? 0, retryAfterMs * (0.5 + Math.random())));
    }
  }

  /** A code from before a reload; null without one, and if another program wrote it. */
  #storedCode(): StoredCode | null {
    try {
      const code = JSON.parse(this.#options.memory.getItem(memoryKeys.code) ?? 'null') as StoredCode | null;
      return code !== null && code.expiresAt > this.#options.wall() ? code : null;
    } catch {
      return null;
    }
  }

  #store(code: StoredCode | null): void {
    this.#options.memory.setItem(memoryKeys.code, JSON.stringify(code));
  }
}
