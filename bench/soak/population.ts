import { closeCode } from '../../src/protocol.ts';
import { FreshnessWatch } from '../../test/support/freshness-watch.ts';
import { msUntil, until } from '../../test/support/until.ts';
import { ScreenClient } from '../../test/support/screen-client.ts';
import { again } from './again.ts';
import { isLateAnswer } from './closes.ts';
import { intervalMs } from './fault-list.ts';
import type { SoakInstallation, SoakSession } from './installation.ts';
import { answerStallsOf, type Delay } from './stalls.ts';

/** All processes are notified of the end of a session within this time, ms. */
const endLimitMs = 1_000;
const { sessionEnded } = closeCode;

interface Member {
  client: ScreenClient;
  session: SoakSession;
}

/** The clients of an installation, each with a session of its own. */
export class Population {
  /** Every client that there was, also those whose session was ended. */
  readonly everyClient: ScreenClient[] = [];
  /** What is wrong with sessions: one that lasts after its end, or ended although nobody ended it. */
  readonly sessionFaults: string[] = [];
  readonly endedSessions: SoakSession[] = [];
  /** The clients whose session was ended. */
  readonly endedClients = new Set<ScreenClient>();
  readonly #installation: SoakInstallation;
  readonly #members: Member[] = [];
  /** The sockets of ended sessions that did not close with 4401. */
  readonly #otherCloses: { code: number | undefined; web: number; closedAt: number }[] = [];
  #excusedCloses = 0;
  readonly watch: FreshnessWatch;

  private constructor(installation: SoakInstallation) {
    this.#installation = installation;
    this.watch = new FreshnessWatch(() => this.#members.map(({ client }) => client));
  }

  /** Resolves when all clients are live. */
  static async start(installation: SoakInstallation, count: number): Promise<Population> {
    const population = new Population(installation);
    for (let n = 0; n < count; n++) await population.#add();
    await population.allLive();
    return population;
  }

  /** The number of sockets of ended sessions that did not close with 4401, which a stall excuses. */
  get excusedCloses(): number {
    return this.#excusedCloses;
  }

  /** Waits until all clients are live. */
  async allLive(): Promise<void> {
    await until(() => this.#members.every(({ client }) => client.state === 'live'), 'all clients are live', 60_000, 50);
  }

  /** Ends the sessions of some clients, checks that they are signed out, and replaces them by new clients. */
  async endSessions(count: number): Promise<void> {
    const ended = this.#members.splice(0, count);
    for (const { client } of ended) this.endedClients.add(client);
    const sessions = ended.map(({ session }) => session);
    const open = ended.filter(({ client }) => client.span !== null);
    await this.#installation.endSessions(sessions);
    const endedAt = Date.now();
    this.endedSessions.push(...sessions);
    const tookMs = await msUntil(() => open.every(({ client }) => client.span === null), 'the sockets are closed');
    if (tookMs > endLimitMs) this.sessionFaults.push(`the sockets of ended sessions closed after ${tookMs} ms`);
    await until(() => ended.every(({ client }) => client.state === 'signed-out'), 'the screens are signed out', 60_000);
    for (const { client } of ended) {
      const code = client.closeCodes.at(-1);
      const { startedAt = 0, closedAt = 0, web = -1 } = client.spans.at(-1) ?? {};
      if (code !== sessionEnded) this.#otherCloses.push({ code, web, closedAt });
      if (startedAt > endedAt) this.sessionFaults.push('a socket was opened with an ended session');
      client.stop();
    }
    for (let n = 0; n < count; n++) await this.#add();
  }

  /**
   * Checks that nobody else is signed out and that no ended session is valid on any web process. A client closes its
   * socket itself if an answer is late, which counts only without a stall.
   */
  async checkSessions(delays: readonly Delay[]): Promise<void> {
    for (const { code, web, closedAt } of this.#otherCloses) {
      if (isLateAnswer(closedAt, answerStallsOf(delays, web))) this.#excusedCloses += 1;
      else this.sessionFaults.push(`an ended session closed with ${code}`);
    }
    for (const { client } of this.#members) {
      if (client.wasSignedOut || client.closeCodes.includes(sessionEnded))
        this.sessionFaults.push('a client was signed out although its session is valid');
    }
    for (const { credential } of this.endedSessions) {
      for (const url of this.#installation.urls) {
        const status = await until(() => statusOf(url, credential), 'the web process reads the session', 60_000, 250);
        if (status !== 401) this.sessionFaults.push(`an ended session was answered with ${status}`);
      }
    }
  }

  stop(): void {
    this.watch.stop();
    for (const { client } of this.#members) client.stop();
  }

  async #add(): Promise<void> {
    const session = await this.#installation.openSession();
    const { credential } = session;
    const first = this.everyClient.length;
    const client = new ScreenClient({ webs: this.#installation.urls, credential, intervalMs, first });
    client.start();
    this.everyClient.push(client);
    this.#members.push({ client, session });
  }
}

/** The status with which a web process answers a session; null if it cannot say. */
async function statusOf(url: string, credential: string): Promise<number | null> {
  const headers = { cookie: `sessionid=${credential}` };
  const { status } = await again(() => fetch(`${url}/api/initial_state`, { headers }));
  return status === 503 ? null : status;
}
