/** The built-in channel that tells faces what to show besides the time. */
export const showChannel = 'show';

const periodicChannels = new Set(['time', 'date']);
/** The keys besides the content in a message. */
const messageKeys = new Set(['at', 'seq']);
const pattern = /^[a-z][a-z0-9_-]{0,31}$/;

/** Why a text cannot be the name of a new channel, as the end of a sentence about it; null if it can. */
export function channelNameProblem(name: string): string | null {
  const problem = scopeProblem(name);
  if (problem !== null) return problem;
  return name === showChannel ? 'is a built-in channel' : null;
}

/** Why a text cannot be a channel that a token publishes on; null if it can. */
export function scopeProblem(name: string): string | null {
  if (!pattern.test(name)) {
    return 'must be 1 to 32 lower-case letters, digits, hyphens or underscores, beginning with a letter';
  }
  if (periodicChannels.has(name)) return 'is a built-in channel';
  return messageKeys.has(name) ? 'is reserved' : null;
}
