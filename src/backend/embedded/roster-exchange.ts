import { randomUUID } from 'node:crypto';
import { pause } from '../../time/pause.ts';
import type { Roster } from '../backend.ts';
import type { EmbeddedRecords } from './records.ts';
import type { EmbeddedSettings } from './settings.ts';

const settingName = 'roster';
/** The process that serves the data polls several times a second. Without an answer by then there is no such process. */
const answerTimeoutMs = 1_500;
const pollEveryMs = 50;

const requestPattern = /^\{"rosterRequest":"([^"]+)"\}$/;

type Rows = [key: string, row: object][];
interface Answer {
  request: string;
  roster: [owner: string, rows: Rows][];
}

/** Passes the roster, which the process that serves the data has in memory, to a command through the data file. */
export class RosterExchange {
  readonly #records: EmbeddedRecords;
  readonly #settings: EmbeddedSettings;

  constructor(records: EmbeddedRecords, settings: EmbeddedSettings) {
    this.#records = records;
    this.#settings = settings;
  }

  /** Writes the roster into the file whenever a command requests it. */
  serve(read: () => Roster): void {
    this.#records.subscribe({
      onMessage: (message) => {
        const request = requestPattern.exec(message)?.[1];
        if (request === undefined) return;
        const roster = [...read()].map(([owner, rows]): Answer['roster'][number] => [owner, [...rows]]);
        this.#settings.put(settingName, JSON.stringify({ request, roster } satisfies Answer));
      },
      onGap: () => {},
    });
  }

  /** The roster of the process that serves the data; empty if there is none. */
  async request(): Promise<Roster> {
    const request = randomUUID();
    await this.#records.publish(JSON.stringify({ rosterRequest: request }));
    const deadline = performance.now() + answerTimeoutMs;
    while (performance.now() < deadline) {
      const text = this.#settings.get(settingName);
      const answer = text === null ? null : (JSON.parse(text) as Answer);
      if (answer?.request === request) {
        this.#settings.delete(settingName);
        return new Map(answer.roster.map(([owner, rows]) => [owner, new Map(rows)]));
      }
      await pause(pollEveryMs);
    }
    return new Map();
  }
}
