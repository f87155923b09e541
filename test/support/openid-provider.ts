import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';
import { freePort } from './free-port.ts';
import { close, listen } from './http-server.ts';

const client = { id: 'weather-station', secret: 'the secret of the weather station' };
const resource = 'https://clock.example.org';

/**
 * An OpenID provider that issues access tokens as JWTs (RFC 9068) for the audience `clock`. It can die and come back on
 * the same address, also with other keys.
 */
export class OpenIdProvider implements AsyncDisposable {
  /** As the option `--sso-issuer` needs it. */
  readonly issuer: string;
  readonly #port: number;
  #server: Server | null = null;

  private constructor(port: number) {
    this.#port = port;
    this.issuer = `http://127.0.0.1:${port}`;
  }

  static async create(): Promise<OpenIdProvider> {
    return new OpenIdProvider(await freePort());
  }

  get jwks(): string {
    return `${this.issuer}/jwks`;
  }

  get subject(): string {
    return client.id;
  }

  /** Starts with new keys of these names. The first one of the algorithm signs. */
  async start(keys: { kid: string; alg: string }[], signingAlgorithm: string): Promise<void> {
    const provider = new Provider(this.issuer, {
      jwks: { keys: await Promise.all(keys.map(makePrivateKey)) },
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          grant_types: ['client_credentials'],
          id_token_signed_response_alg: signingAlgorithm,
          redirect_uris: [],
          response_types: [],
        },
      ],
      clientAuthMethods: ['client_secret_basic'],
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => resource,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            scope: 'read',
            audience: 'clock',
            accessTokenFormat: 'jwt',
            accessTokenTTL: 600,
            jwt: { sign: { alg: signingAlgorithm } },
          }),
        },
      },
    });
    const server = createServer(provider.callback());
    await listen(server, this.#port);
    this.#server = server;
  }

  /** A new access token. */
  async token(): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${btoa(`${client.id}:${encodeURIComponent(client.secret)}`)}`,
        'Content-Type': 'application/x-www-form-urlencoded',
        Connection: 'close',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'read' }).toString(),
    });
    const body = (await response.json()) as { access_token?: string };
    if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
    return body.access_token;
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

async function makePrivateKey({ kid, alg }: { kid: string; alg: string }): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' };
}
