import { article } from './article.ts';
import { clock } from './clock.ts';
import { nchan } from './nchan.ts';
import type { Peer } from './peer.ts';
import { bare, ws } from './relays.ts';
import { socketIo } from './socket-io.ts';

/** In the order in which each round measures them. */
export const peers: readonly Peer[] = [bare, clock, nchan, ws, socketIo, article];
