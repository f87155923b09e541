import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

export interface EncodedAnswer {
  status: number | undefined;
  headers: ReadonlyMap<string, string>;
  /** The size of the body as sent. */
  bytes: number;
  /** The body, decoded. */
  text: string;
}

/** Requests `url` with the header `Accept-Encoding`; `fetch` would decode the answer, and hide that. */
export async function encodedAnswer(
  url: string,
  accepted: string,
  { method = 'GET', cookie = '' }: { method?: string; cookie?: string } = {},
): Promise<EncodedAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<EncodedAnswer>();
  const sent = request(url, { method, headers: { 'accept-encoding': accepted, cookie } }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const headers = new Map(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
      const body = Buffer.concat(chunks);
      const text = String(body.length === 0 ? body : decode(body, headers.get('content-encoding')));
      resolve({ status: response.statusCode, headers, bytes: body.length, text });
    });
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

function decode(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === undefined) return body;
  return encoding === 'br' ? brotliDecompressSync(body) : gunzipSync(body);
}
