import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { consoleErrorsOf, launchBrowser, pairingCodeOf, signIn } from '../support/browser.ts';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { startTogether } from '../support/start-together.ts';
import { measureStall } from '../support/stopwatch.ts';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
let clock: ClockProcess;
let page: Page;
let consoleErrors: string[];

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all'], { env: { TZ: 'Europe/Madrid' } }), launchBrowser());
  page = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  consoleErrors = consoleErrorsOf(page);
  await signIn(page, `${clock.url}/`, clock.adminPassword());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

beforeEach(async () => {
  await page.setViewportSize({ width: 1_280, height: 720 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce', forcedColors: 'none' });
});

async function show(...args: string[]): Promise<void> {
  const { exit, stderr } = await runClock(['show', ...args, '--data-dir', clock.dataDir]);
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
}

async function open(query = ''): Promise<void> {
  await page.goto(`${clock.url}/${query}`);
  await page.locator('[data-state="live"]').waitFor();
}

/** Waits until the page shows a text. */
async function shown(text: string | RegExp): Promise<void> {
  await page.locator('#show', { hasText: text }).waitFor();
}

/** The texts that are cut off, and the parts of the page that overlap. */
const defects = `(() => {
  const cut = [...document.querySelectorAll('#show p')]
    .filter((text) => text.offsetParent !== null && text.textContent !== '')
    .filter((text) => text.scrollWidth > text.parentElement.clientWidth + 1
      || text.scrollHeight > text.parentElement.clientHeight + 1)
    .map((text) => 'cut: ' + text.parentElement.className);
  const boxes = ['.account', '#display', '#dial', '#show', '#state']
    .map((name) => [name, document.querySelector(name)])
    .filter(([name, found]) => found !== null && found.offsetParent !== null || name === '#dial' && found !== null)
    .filter(([name]) => !(name === '#display' && document.querySelector('#dial')))
    .map(([name, found]) => [name, found.getBoundingClientRect()]);
  const overlapping = boxes.flatMap(([name, a], index) =>
    boxes.slice(index + 1)
      .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      .map(([other]) => name + ' ' + other));
  const root = document.documentElement;
  const scrolls = root.scrollWidth > innerWidth || root.scrollHeight > innerHeight ? ['scrolls'] : [];
  return [...cut, ...overlapping, ...scrolls];
})()`;

const sizes = [
  [1_280, 720],
  [3_840, 2_160],
  [375, 667],
  [540, 960],
  [320, 240],
  [1_280, 200],
  [1_000, 100],
] as const;

describe('what operators show besides the time', () => {
  test('appears on an open page, changes and disappears', async () => {
    await open();
    await show('--message', 'Please be seated');
    await shown('Please be seated');
    expect(await page.locator('#display').isVisible()).toBe(true);
    await show('--message', 'Doors open at nine');
    await shown('Doors open at nine');
    await show('--clear');
    await page.locator('#show').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.documentElement.classList.contains("has-show")')).toBe(false);
  });

  test('is there after a reload, and not with show=off', async () => {
    await show('--message', 'Still here');
    await open();
    await shown('Still here');
    await open('?show=off');
    await page.locator('#error', { hasText: 'ms' }).waitFor();
    expect(await page.locator('#show').count()).toBe(0);
  });

  test('is text, whatever it contains, and is read to screen readers once', async () => {
    const text = '<img src=x onerror=alert(1)> &amp; **bold** 🎉👩‍💻 مرحبا';
    await show('--message', text);
    await open();
    await shown('onerror');
    expect(await page.textContent('#show .message p')).toBe(text);
    expect(await page.locator('#show img').count()).toBe(0);
    await expect.poll(() => page.textContent('#announcement')).toBe(text);
    expect(await page.getAttribute('#announcement', 'role')).toBe('status');
    await page.evaluate(`globalThis.announced = 0;
      new MutationObserver(() => (announced += 1)).observe(document.querySelector('#announcement'), { childList: true });
      dispatchEvent(new Event('resize'))`);
    // The last message arrives again with the new socket.
    clock.kill('SIGSTOP');
    await page.locator('[data-state="stale"]').waitFor();
    clock.kill('SIGCONT');
    await page.locator('[data-state="live"]').waitFor();
    expect(await page.evaluate('announced')).toBe(0);
  });

  test('is read with the time', async () => {
    await show('--message', 'Please be seated', '--countdown', '25m', '--label', 'Exam ends');
    await open();
    await shown(/2[45]:\d\d/);
    await page.getByRole('button', { name: 'Read the time' }).click();
    const reading = /^\d\d:\d\d:\d\d, Live\. Please be seated\. Exam ends\. 2[45] minutes(, \d+ seconds?)?$/;
    expect(await page.textContent('#reading')).toMatch(reading);
    await open('?lang=es');
    await shown(/2[45]:\d\d/);
    await page.locator('#state', { hasText: 'En directo' }).waitFor();
    await page.locator('#read').click();
    expect(await page.textContent('#reading')).toMatch(/, En directo\. Please be seated\. Exam ends\. 2[45] minutos/);
    await show('--clear');
    await page.locator('#show').waitFor({ state: 'detached' });
    await page.locator('#read').click();
    expect(await page.textContent('#reading')).toMatch(/^\d\d:\d\d:\d\d, En directo$/);
  });

  test('counts down with the time, and over after zero', async () => {
    await open();
    await page.evaluate(`globalThis.seen = [];
      new MutationObserver(() => {
        const show = document.querySelector('#show');
        const line = show?.querySelector('.digits p');
        const digits = line?.textContent;
        if (digits && seen.at(-1)?.[0] !== digits) seen.push([digits, show.dataset.phase, line.style.fontSize]);
      }).observe(document.body, { subtree: true, childList: true, characterData: true })`);
    await show('--countdown', '12s', '--label', 'Speaker', '--warn', '4s,2s');
    const stalledMs = measureStall();
    await page.locator('#show .digits', { hasText: /^\+0:0[2-9]$/ }).waitFor();
    const seen = await page.evaluate<[digits: string, phase: string, size: string][]>('seen');
    const phases = seen.map(([digits, phase]) => `${digits} ${phase}`);
    const end = ['0:02 last', '0:01 last', '0:00 over', '+0:01 over', '+0:02 over'];
    const shownOfEnd = end.filter((one) => phases.includes(one));
    expect((end.length - shownOfEnd.length) * 1_000 - stalledMs()).toBeLessThanOrEqual(0);
    const isOfEnd = (one: string): boolean => /^(0:0[0-2]|\+0:0[12]) /.test(one);
    expect(phases.filter(isOfEnd)).toEqual(shownOfEnd);
    // The warnings and zero change no size: that would delay them.
    const sizesToZero = seen.filter(([digits]) => /^0:0[0-8]$/.test(digits)).map(([, , size]) => size);
    expect(new Set(sizesToZero).size).toBe(1);
  });

  test('counts up', async () => {
    await show('--count-up', '--label', 'On air for');
    await open();
    // The page may still show the countdown of another test.
    await shown('On air for');
    await shown(/0:(?!00)[0-5]\d/);
    expect(await page.getAttribute('#show', 'data-phase')).toBe('running');
  });

  test('leaves space for the buttons of a screen without an account', async () => {
    const kiosk = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
    await kiosk.goto(`${clock.url}/screen`);
    const pair = ['pair', await pairingCodeOf(kiosk), '--name', 'Kiosk', '--data-dir', clock.dataDir];
    expect(await runClock(pair)).toMatchObject({ exit: 0 });
    await show('--message', 'Please be seated');
    await kiosk.waitForURL(`${clock.url}/`);
    await kiosk.locator('#show', { hasText: 'Please be seated' }).waitFor();
    for (const [width, height] of [...sizes, [800, 600], [1_080, 1_920]] as const) {
      await kiosk.setViewportSize({ width, height });
      await expect.poll(() => kiosk.evaluate(defects), { message: `${width} × ${height}` }).toEqual([]);
    }
    await kiosk.context().close();
  });

  test.each(['', '?face=analog', '?date=on&zone2=UTC&zones=Asia/Tokyo,UTC', '?lang=ar', '?background=transparent'])(
    'fits every window: %s',
    async (query) => {
      await show('--message', 'Doors open at nine', '--countdown', '90s', '--label', 'Interval', '--warn', '2m,1m');
      await open(query);
      await shown('Doors open at nine');
      await shown(/≤/);
      for (const [width, height] of sizes) {
        await page.setViewportSize({ width, height });
        await expect.poll(async () => `${width} by ${height}: ${await page.evaluate(defects)}`).toMatch(/: $/);
      }
    },
  );

  test('fits if it is long, or has no spaces', async () => {
    for (const text of ['The quick brown fox jumps over the lazy dog. '.repeat(44), 'x'.repeat(2_000)]) {
      await show('--message', text);
      await open();
      await shown(text.slice(0, 40));
      expect(await page.evaluate(defects)).toEqual([]);
    }
  });

  test('is accessible in each phase, in light, dark and custom colors', async () => {
    for (const length of ['10m', '4m', '50s', '1s']) {
      await show('--countdown', length, '--label', `In ${length}`, '--warn', '5m,1m');
      for (const query of ['', '?color=ffe066&background=102030']) {
        await open(query);
        await shown(`In ${length}`);
        if (length === '1s') await page.locator('[data-phase="over"]').waitFor();
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await page.evaluate(axe);
          const { violations } = await page.evaluate<{ violations: { id: string }[] }>('axe.run()');
          expect(violations.map(({ id }) => id)).toEqual([]);
        }
      }
    }
  });

  test('appears in /embed', async () => {
    await show('--message', 'In a frame');
    await page.goto(`${clock.url}/embed`);
    await shown('In a frame');
    expect(await page.textContent('#show .message p')).toBe('In a frame');
  });

  test('causes no error in the console', () => {
    expect(consoleErrors.filter((text) => !text.includes('WebSocket'))).toEqual([]);
  });
});
