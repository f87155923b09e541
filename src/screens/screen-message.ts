import type { Command } from '../protocol.ts';

/** A command and the sessions that it is for. */
export interface AddressedCommand {
  /** The `jti` of each session. */
  to: readonly string[];
  command: Command;
  /** Each socket gets it at a random moment within the spread. */
  isSpread?: true;
}

/** What processes publish to each other about screens and links. */
export interface ScreenMessage {
  /** The ids of those whose records changed. */
  screens?: readonly string[];
  commands?: readonly AddressedCommand[];
}

/** The message, or an empty one if it is about something else. */
export function parseScreenMessage(message: string): ScreenMessage {
  return JSON.parse(message) as ScreenMessage;
}
