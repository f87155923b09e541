import { buffer } from 'node:stream/consumers';
import type { Backend } from '../backend/backend.ts';
import { decodeText, InvalidContent, jsonContent, parseJson, textContent } from '../channels/content.ts';
import { UserError } from '../lifecycle.ts';

/** The content of a text, or of standard input if it is `-`, as JSON. Throws a `UserError` if it cannot be published. */
export async function readContent(text: string, isJson: boolean): Promise<string> {
  try {
    const content = text === '-' ? decodeText(await buffer(process.stdin)).replace(/\r?\n$/, '') : text;
    return isJson ? jsonContent(parseJson(content)) : textContent(content);
  } catch (error) {
    if (error instanceof InvalidContent) throw new UserError(`TEXT: ${error.message}`);
    throw error;
  }
}

/** Throws a `UserError` if there is no such channel. */
export async function publish({ publications }: Pick<Backend, 'publications'>, channel: string, json: string) {
  const outcome = await publications.publish({ channel, json });
  if (typeof outcome === 'string') throw new UserError(`there is no channel ${channel}`, 1);
}
