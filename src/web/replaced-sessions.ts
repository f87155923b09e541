import type { Session } from '../auth/session.ts';
import type { WebContext } from './web-context.ts';

/** Ends the session whose cookie a response replaces or clears. A link stays, since other players may use it. */
export async function endReplaced({ sessions, screens }: WebContext, session: Session | null): Promise<void> {
  if (session?.kind === 'session') await sessions.end('session', [session]);
  if (session?.kind !== 'screen') return;
  const [screen] = await screens.getMany([session.recordId]);
  if (screen?.kind === 'screen') await screens.remove(screen);
}
