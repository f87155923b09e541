import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebApp } from '../support/web-app.ts';

const dashboard = 'https://dashboard.example.org';

describe('/embed', () => {
  let app: WebApp;

  beforeAll(async () => {
    app = await WebApp.start({ config: { frameAncestors: [dashboard] } });
  });

  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  const policyOf = (response: Response): string => response.headers.get('content-security-policy') ?? '';

  test('may be framed by the configured origins, and no other page may be framed', async () => {
    const client = await app.signedIn();
    const response = await client.fetch('/embed');
    expect(response.status).toBe(200);
    expect(policyOf(response)).toContain(`frame-ancestors ${dashboard};`);
    const markup = await response.text();
    expect(markup).toContain('id="display"');
    expect(markup).not.toContain('Sign out');
    for (const path of ['/', '/accounts/login/', '/api/initial_state', '/no-such-page']) {
      expect(policyOf(await client.fetch(path))).toContain("frame-ancestors 'none'");
    }
  });

  test('links to the sign-in form outside of the frame if the browser is signed out', async () => {
    const response = await app.client().fetch('/embed');
    expect(response.status).toBe(401);
    expect(policyOf(response)).toContain(`frame-ancestors ${dashboard};`);
    expect(await response.text()).toContain('href="/accounts/login/?next=/" target="_top"');
  });

  test('may not be framed by default', async () => {
    await using plain = await WebApp.start();
    expect(policyOf(await (await plain.signedIn()).fetch('/embed'))).toContain("frame-ancestors 'none'");
  });
});
