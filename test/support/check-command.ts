import { type Ended, runClock } from './clock-process.ts';
import { until } from './until.ts';

/** Why a check may fail on a busy machine: an answer, a connection or a message that does not arrive in time. */
const excuse = /no answer within|ETIMEDOUT|published messages were not received/;

/** Runs `clock check`, again while its output contains such an excuse. */
export async function runCheck(args: readonly string[], options: Parameters<typeof runClock>[1] = {}): Promise<Ended> {
  let stdout = '';
  const conclusive = async (): Promise<Ended | null> => {
    const ended = await runClock(['check', ...args], options);
    ({ stdout } = ended);
    return excuse.test(stdout) ? null : ended;
  };
  return until(conclusive, 'clock check gets each answer in time', 60_000, 250).catch(({ message }: Error) => {
    throw new Error(`${message}: ${stdout}`);
  });
}
