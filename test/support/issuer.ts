import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { freePort } from './free-port.ts';
import { close, listen } from './http-server.ts';

export interface SigningKey {
  kid: string;
  alg: string;
  privateKey: CryptoKey;
  /** As the issuer publishes it. */
  jwk: JWK;
}

export async function makeKey(alg = 'RS256', kid = alg): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** The claims of a good token, in seconds of this host's clock. */
export function goodClaims(name = 'grace'): JWTPayload {
  const now = Math.floor(Date.now() / 1_000);
  return { iss: 'https://id.example.org', aud: 'clock', sub: name, iat: now, exp: now + 600 };
}

/** Signs any claims; undefined ones are left out. */
export async function signToken(
  key: Pick<SigningKey, 'kid' | 'alg' | 'privateKey'>,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const all = { ...goodClaims(), ...claims } as JWTPayload;
  return new SignJWT(all).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}

/** An HTTP server that publishes keys. It counts requests, can answer anything, and can stop and start again. */
export class Issuer implements AsyncDisposable {
  keys: JWK[] = [];
  /** Instead of the keys. */
  body: string | undefined;
  status = 200;
  headers: Record<string, string> = {};
  requests = 0;
  #server: Server | null = null;
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(...keys: SigningKey[]): Promise<Issuer> {
    // The system could give a port of its own choice to another process while the issuer is stopped.
    const issuer = new Issuer(await freePort());
    issuer.keys = keys.map(({ jwk }) => jwk);
    await issuer.start();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/jwks.json`;
  }

  async start(): Promise<void> {
    const server = createServer((_, response) => {
      this.requests += 1;
      response.writeHead(this.status, this.headers);
      response.end(this.body ?? JSON.stringify({ keys: this.keys }));
    });
    await listen(server, this.#port);
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    await close(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
