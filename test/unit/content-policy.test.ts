import { expect, test } from 'vitest';
import { contentSecurityPolicy } from '../../src/web/content-policy.ts';

test('the content policy allows sockets to the request’s own host', () => {
  expect(contentSecurityPolicy({ host: 'clock.example.org:8000' }).split(';')).toContain(
    "connect-src 'self' ws://clock.example.org:8000 wss://clock.example.org:8000",
  );
  expect(contentSecurityPolicy({}).split(';')).toContain("connect-src 'self'");
});

test('the content policy allows frames of the given origins only', () => {
  const frameAncestors = ['https://a.example', 'https://b.example'];
  expect(contentSecurityPolicy({ frameAncestors }).split(';')).toContain(
    'frame-ancestors https://a.example https://b.example',
  );
  expect(contentSecurityPolicy({}).split(';')).toContain("frame-ancestors 'none'");
});
