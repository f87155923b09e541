import { describe, expect, test } from 'vitest';
import { PortClaim } from '../../src/supervisor/port-claim.ts';

describe('the claim of a port', () => {
  test.each([
    ['::', '127.0.0.1'],
    ['127.0.0.1', '::'],
    ['::', '0.0.0.0'],
    ['0.0.0.0', '::'],
    ['localhost', '0.0.0.0'],
    ['127.0.0.1', '127.0.0.1'],
  ])('on %s excludes one on %s, until it is released', async (held, wanted) => {
    const claim = await PortClaim.take(held, 0);
    await expect(PortClaim.take(wanted, claim.port)).rejects.toThrow(`:${claim.port}: the port is in use`);
    await claim.release();
    const next = await PortClaim.take(wanted, claim.port);
    expect(next.port).toBe(claim.port);
    await next.release();
  });

  test('excludes none on another address', async () => {
    const claim = await PortClaim.take('127.0.0.1', 0);
    const other = await PortClaim.take('127.0.0.2', claim.port);
    expect(other.port).toBe(claim.port);
    await Promise.all([claim.release(), other.release()]);
  });

  test('of which two are taken at once, on addresses that overlap, succeeds once', async () => {
    const free = await PortClaim.take('::', 0);
    await free.release();
    const hosts = ['::', '127.0.0.1', '0.0.0.0'];
    const claims = await Promise.allSettled(hosts.map((host) => PortClaim.take(host, free.port)));
    const taken = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
    await Promise.all(taken.map((claim) => claim.release()));
    expect(taken).toHaveLength(1);
  });

  test('says that this host does not have an address', async () => {
    await expect(PortClaim.take('192.0.2.1', 0)).rejects.toThrow('--host: cannot listen on 192.0.2.1:0: this host');
  });
});
