import type { Backend } from '../backend/backend.ts';

const noticeAfterMs = 1_000;

/** Starts the backend. Prints a notice after 1 s, because a command waits longer for a busy Redis than a role does. */
export async function startWithNotice(backend: Backend): Promise<void> {
  const notice = setTimeout(
    () => process.stderr.write(`clock: waiting for ${backend.address} to answer\n`),
    noticeAfterMs,
  );
  try {
    await backend.start();
  } finally {
    clearTimeout(notice);
  }
}
