import { FreshnessWatch } from '../../test/support/freshness-watch.ts';
import { msUntil, until } from '../../test/support/until.ts';
import { ScreenClient } from '../../test/support/screen-client.ts';
import { intervalMs, type SoakInstallation, type SoakSession } from './installation.ts';

/** All processes are notified of the end of a session within this time, ms. */
const endLimitMs = 1_000;

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
  endedSessions: SoakSession[] = [];
  readonly #installation: SoakInstallation;
  readonly #members: Member[] = [];
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

  /** Waits until all clients are live. */
  async allLive(): Promise<void> {
    await until(() => this.#members.every(({ client }) => client.state === 'live'), 'all clients are live', 60_000, 50);
  }

  /** Ends the sessions of some clients, checks that they are signed out, and replaces them by new clients. */
  async endSessions(count: number): Promise<void> {
    const ended = this.#members.splice(0, count);
    const sockets = ended.map(({ client }) => client.spans.length);
    const sessions = ended.map(({ session }) => session);
    const open = ended.filter(({ client }) => client.span !== null);
    await this.#installation.endSessions(sessions);
    this.endedSessions.push(...sessions);
    const tookMs = await msUntil(() => open.every(({ client }) => client.span === null), 'the sockets are closed');
    if (tookMs > endLimitMs) this.sessionFaults.push(`the sockets of ended sessions closed after ${tookMs} ms`);
    await until(() => ended.every(({ client }) => client.state === 'signed-out'), 'the screens are signed out', 60_000);
    for (const [index, { client }] of ended.entries()) {
      if (client.closeCodes.at(-1) !== 4401) this.sessionFaults.push(`closed with ${client.closeCodes.at(-1)}`);
      if (client.spans.length !== sockets[index]) this.sessionFaults.push('a socket was opened with an ended session');
      client.stop();
    }
    for (let n = 0; n < count; n++) await this.#add();
  }

  /** Checks that nobody else is signed out and that no ended session is valid on any web process. */
  async checkSessions(): Promise<void> {
    for (const { client } of this.#members) {
      if (client.state === 'signed-out')
        this.sessionFaults.push('a client is signed out although its session is valid');
    }
    for (const { credential } of this.endedSessions) {
      for (const url of this.#installation.urls) {
        const { status } = await fetch(`${url}/api/initial_state`, { headers: { cookie: `sessionid=${credential}` } });
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
