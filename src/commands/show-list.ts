import { fieldsOf, type Shows } from '../channels/shows.ts';
import { countdownNow } from '../client/show/countdown.ts';
import type { Countdown } from '../protocol.ts';
import type { Screens } from '../screens/screens.ts';
import type { HouseTime } from '../time/house-time.ts';
import { printJson, printList } from './print.ts';

export interface ShowListOptions {
  shows: Pick<Shows, 'list'>;
  screens: Pick<Screens, 'list'>;
  time: Pick<HouseTime, 'now'>;
}

/** Prints what is shown now, by target; as JSON like `shows` of `GET /api/show`, with names of screens. */
export async function listShows({ shows, screens, time }: ShowListOptions, asJson: boolean): Promise<void> {
  const [set, stored] = await Promise.all([shows.list(), screens.list()]);
  const names = new Map(stored.map(({ id, value }) => [id, value.name]));
  const rows = set.map(({ target, ...show }) => {
    const fields = fieldsOf(target);
    return { ...fields, name: fields.screen === null ? null : (names.get(fields.screen) ?? null), ...show };
  });
  if (asJson) return printJson(rows);
  const now = time.now();
  const lines = rows.map(({ group, screen, name, show: { message, countdown }, endsAt }) => ({
    group,
    screen: name ?? screen,
    message: message?.replaceAll('\n', ' ') ?? null,
    countdown: countdown === undefined ? null : countText(countdown, now),
    label: countdown?.label ?? null,
    ends: endsAt === null ? null : new Date(endsAt).toISOString(),
  }));
  printList(lines, false);
}

function countText(countdown: Countdown, now: number): string {
  const { digits, phase } = countdownNow(countdown, now);
  if (countdown.until === undefined) return `${digits} up`;
  return phase === 'over' ? `${digits} over` : `${digits} left`;
}
