import { expect, test } from 'vitest';
import { OpenIdProvider } from '../support/openid-provider.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

test('the tokens of an OpenID provider sign in while it rotates its keys, stops and starts again', async () => {
  await using provider = await OpenIdProvider.create();
  await provider.start([{ kid: 'rsa-1', alg: 'RS256' }], 'RS256');
  await using app = await WebApp.start({
    config: { ssoJwks: provider.jwks, ssoIssuer: provider.issuer, ssoAudience: 'clock', ssoHeader: 'x-access-token' },
  });
  const ask = async (token: string): Promise<number[]> => {
    const asked = [{ 'x-access-token': token }, { authorization: `Bearer ${token}` }].map((headers) =>
      app.client().fetch('/api/initial_state', { headers }),
    );
    return (await Promise.all(asked)).map(({ status }) => status);
  };
  const first = await provider.token();
  expect(await ask(first)).toEqual([200, 200]);
  expect(await app.auth.accounts.get(provider.subject)).toMatchObject({
    sso: { origin: { issuer: provider.issuer, subject: provider.subject } },
  });

  await provider.stop();
  expect(await ask(first)).toEqual([200, 200]);
  using socket = await app.client().connect('', { 'x-access-token': first });
  socket.send('{"sync":1}');
  await socket.next();

  await provider.start([{ kid: 'rsa-2', alg: 'RS256' }], 'RS256');
  const second = await provider.token();
  // An unknown key is fetched at most once in 10 s.
  await until(async () => (await ask(second)).every((status) => status === 200), 'the new key is known', 60_000, 500);
  expect(await ask(first)).toEqual([401, 401]);
  // What was opened under the withdrawn key stays until its end.
  socket.send('{"sync":2}');
  await socket.next();

  await provider.stop();
  await provider.start([{ kid: 'ec-3', alg: 'ES256' }], 'ES256');
  const third = await provider.token();
  await until(async () => (await ask(third)).every((status) => status === 200), 'ES256 is accepted', 60_000, 500);
}, 180_000);
