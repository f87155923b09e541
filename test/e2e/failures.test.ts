import { describe, expect } from 'vitest';
import { liveWithoutTime, severalSeconds, signIn } from '../support/browser.ts';
import { test as base } from '../support/clock-page.ts';

const dashes = '‒‒:‒‒:‒‒';

const test = base.extend({ environment: { TZ: 'Europe/Madrid' }, contextOptions: { serviceWorkers: 'block' } });

test.beforeEach(({ page, clock }) => signIn(page, `${clock.url}/`, clock.adminPassword()));

describe('a page on which something fails is not live, and recovers:', () => {
  test('the initial state cannot be loaded', async ({ page, clock }) => {
    await page.route('**/api/initial_state', (route) => route.fulfill({ status: 500 }));
    await page.goto(`${clock.url}/`);
    await page.waitForSelector('[data-state="stale"]');
    expect(await page.textContent('#display')).toBe(dashes);
    await page.unrouteAll();
    await page.waitForSelector('[data-state="live"]');
    expect(await liveWithoutTime(page)).toEqual([]);
  });

  test('formatting throws', async ({ page, clock }) => {
    await page.addInitScript(`
      const { format } = Object.getOwnPropertyDescriptors(Intl.DateTimeFormat.prototype);
      Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
        get() {
          if (globalThis.isBroken) throw new Error('no data');
          return format.get.call(this);
        },
      });
    `);
    await page.goto(`${clock.url}/?face=12h`);
    await page.waitForSelector('[data-state="live"]');
    await page.evaluate('isBroken = true');
    await page.waitForSelector('[data-state="stale"]');
    expect(await page.textContent('#state')).toMatch(/^Stale: stopped at/);
    await page.evaluate('isBroken = false');
    await page.waitForSelector('[data-state="live"]');
    expect(await liveWithoutTime(page)).toEqual([]);
  });

  test('the browser cannot apply the theme', async ({ page, clock }) => {
    await page.addInitScript(`Intl.DateTimeFormat = class { constructor() { throw new Error('no data'); } };`);
    await page.goto(`${clock.url}/?face=12h&zone=Asia/Tokyo`);
    await page.waitForSelector('[data-state="stale"]');
    expect(await page.textContent('#display')).toBe(dashes);
    expect(await page.textContent('#warnings')).toBe('This browser cannot show this face: Error: no data');
    expect(await liveWithoutTime(page)).toEqual([]);
  });

  test.for([/\/theme\.\w+\.js/, /\/theme\.\w+\.css/])('%s is not delivered at first', async (file, { page, clock }) => {
    let failures = 0;
    await page.route(file, (route) => {
      failures += 1;
      return failures === 1 ? route.fulfill({ status: 503 }) : route.continue();
    });
    await page.goto(`${clock.url}/?face=12h&zone=Asia/Tokyo`);
    await page.waitForSelector('[data-state="live"]');
    expect(await page.textContent('#display')).toMatch(/[AP]M$/);
    expect(await page.getAttribute('#display', 'aria-label')).toBe('Time in Asia/Tokyo');
    expect(await liveWithoutTime(page)).toEqual([]);
  });

  test('an analog face with a date in a zone that the browser does not know', async ({ page, clock }) => {
    await page.addInitScript(`
      const Real = Intl.DateTimeFormat;
      Intl.DateTimeFormat = class extends Real {
        constructor(language, options) {
          if (options?.timeZone !== 'UTC') throw new RangeError('unknown zone');
          super(language, options);
        }
      };
    `);
    await page.goto(`${clock.url}/?face=analog&date=on&zone2=Asia/Tokyo`);
    await page.waitForSelector('[data-state="live"] #dial:not(.blank)');
    expect(await page.textContent('#date')).toMatch(/\d{4}$/);
    await expect.poll(() => page.textContent('#second-zone')).toMatch(/^Tokyo \d\d:\d\d:\d\d$/);
    expect(await liveWithoutTime(page)).toEqual([]);
  });
});

describe('a page works', () => {
  test('without storage', async ({ page, clock }) => {
    await page.addInitScript(`
      for (const name of ['sessionStorage', 'localStorage', 'caches']) {
        Object.defineProperty(globalThis, name, { get() { throw new DOMException('denied', 'SecurityError'); } });
      }
    `);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${clock.url}/`);
    await severalSeconds(page, 2);
    expect(errors).toEqual([]);
  });

  test('with a wake lock that is refused, which it requests again on a tap', async ({ page, clock }) => {
    await page.addInitScript(`
      globalThis.requests = 0;
      navigator.wakeLock.request = async () => {
        requests += 1;
        throw new DOMException('denied', 'NotAllowedError');
      };
    `);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${clock.url}/`);
    await page.waitForSelector('[data-state="live"]');
    expect(await page.evaluate('requests')).toBe(1);
    await page.getByRole('button', { name: 'Read the time' }).click();
    expect(await page.evaluate('requests')).toBe(2);
    await severalSeconds(page, 1);
    expect(errors).toEqual([]);
  });

  test('with a panel that cannot be loaded at first', async ({ page, clock }) => {
    await page.goto(`${clock.url}/`);
    await page.waitForSelector('[data-state="live"]');
    await page.route(/\/panel\.\w+\.js/, (route) => route.abort());
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.keyboard.press('i');
    await expect.poll(() => page.textContent('#warnings')).toContain('The details cannot be loaded');
    expect(errors).toEqual([]);
    await page.unrouteAll();
    await page.keyboard.press('i');
    await page.waitForSelector('#panel');
    await expect.poll(() => page.textContent('#warnings')).toBe('');
  });
});
