/** Takes the screenshots in `docs/pictures/`: faces and states, light and dark, and screens. Run it after a build. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchBrowser, signIn } from '../test/support/browser.ts';
import { runClock, startClock } from '../test/support/clock-process.ts';
import { until } from '../test/support/until.ts';
import { root } from './server-bundle.ts';

const directory = join(root, 'docs/pictures');
const faces = [
  { name: 'digital', query: '', size: [1_280, 720], scheme: 'light' },
  { name: 'zones', query: '?zone2=Asia/Tokyo&date=on&weekday=on', size: [1_280, 720], scheme: 'dark' },
  {
    name: 'zone-row',
    query: '?zones=America/New_York:New York,Europe/London,Asia/Tokyo,Australia/Sydney,Pacific/Auckland',
    size: [1_280, 720],
    scheme: 'light',
  },
  { name: 'analog', query: '?face=analog&date=on', size: [1_280, 720], scheme: 'light' },
  { name: 'twelve-hours', query: '?hours=12&color=ffe066&background=102030', size: [1_280, 720], scheme: 'dark' },
  { name: 'portrait', query: '?face=analog&zone2=America/New_York', size: [540, 960], scheme: 'dark' },
  { name: 'phone', query: '?date=on&lang=es', size: [320, 568], scheme: 'light' },
  { name: 'overlay', query: '?background=transparent&size=60', size: [1_280, 720], scheme: 'dark' },
] as const;

const screens = [
  ['Lobby', 'hall'],
  ['Canteen', 'hall'],
  ['Gate 1', 'gates'],
  ['Gate 2', 'gates'],
] as const;

mkdirSync(directory, { recursive: true });
const options = ['all', '--public-url', 'https://clock.example.org'];
const clock = await startClock(options, { env: { TZ: 'Europe/Madrid' } });
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1_280, height: 720 } });
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  for (const { name, query, size, scheme } of faces) {
    const [width, height] = size;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.goto(`${clock.url}/${query}`);
    await waitUntilShown(page);
    await page.screenshot({ path: join(directory, `${name}.png`), omitBackground: name === 'overlay' });
  }
  await page.setViewportSize({ width: 1_280, height: 720 });
  await page.goto(`${clock.url}/`);
  await waitUntilShown(page);
  await page.keyboard.press('i');
  await page.setViewportSize({ width: 1280, height: 960 });
  await page.getByText('Settings').click();
  await page.screenshot({ path: join(directory, 'panel.png') });
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 1280, height: 720 });
  clock.kill('SIGSTOP');
  await page.waitForSelector('[data-state="stale"]');
  await page.screenshot({ path: join(directory, 'stale.png') });
  clock.kill('SIGCONT');
  await page.waitForSelector('[data-state="live"]');
  await takeScreens(page);
  await takeShows(page);
} finally {
  await browser.close();
  await clock.stop();
}

/** A screen that is being paired, the phone that approves it, and the page that lists the screens. */
async function takeScreens(operator: Page): Promise<void> {
  await operator.setViewportSize({ width: 390, height: 844 });
  for (const [name, group] of screens) {
    const kiosk = await browser.newPage({ viewport: { width: 1_280, height: 720 }, colorScheme: 'dark' });
    await kiosk.goto(`${clock.url}/screen`);
    const code = kiosk.locator('#code').filter({ hasText: /^....-....$/ });
    await code.waitFor();
    await kiosk.getByText('Waiting for approval').waitFor();
    await kiosk.screenshot({ path: join(directory, 'pairing.png') });
    await operator.goto(`${clock.url}/device?code=${await code.textContent()}`);
    await operator.getByLabel('Name of the screen').fill(name);
    await operator.getByLabel('Group').fill(group);
    await operator.screenshot({ path: join(directory, 'approval.png') });
    await operator.getByRole('button', { name: 'Pair this screen' }).click();
    await kiosk.waitForSelector('[data-state="live"]');
    if (name === 'Gate 2') await kiosk.close();
  }
  await operator.goto(`${clock.url}/screens`);
  await operator.getByText('problems: 1 away').waitFor();
  await until(async () => (await operator.getByText('Live', { exact: true }).count()) >= 3, 'three screens are live');
  await operator.screenshot({ path: join(directory, 'screens-phone.png') });
  await operator.setViewportSize({ width: 1_280, height: 720 });
  await operator.screenshot({ path: join(directory, 'screens.png') });
  await operator.getByRole('button', { name: 'More about Lobby' }).click();
  await operator.screenshot({ path: join(directory, 'screen-actions.png') });
}

/** A countdown and its warnings on faces, and the operators' list and form. */
async function takeShows(page: Page): Promise<void> {
  await page.goto(`${clock.url}/`);
  await show('--countdown', '20m', '--label', 'Exam ends', '--warn', '5m,1m');
  await takeShow(page, 'countdown', 'light', /^19:/);
  await show('--countdown', '5m', '--label', 'Speaker', '--message', 'Please come to an end', '--warn', '5m,1m');
  await takeShow(page, 'warning', 'dark', /^4:/);
  await show('--message', 'Doors open at nine', '--group', 'hall', '--for', '1h');
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto(`${clock.url}/screens`);
  await page.getByText('Doors open at nine').waitFor();
  await page.screenshot({ path: join(directory, 'shown.png') });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Show a message or countdown' }).click();
  await page.getByRole('radio', { name: 'For a time' }).check({ force: true });
  await page.getByLabel('Minutes', { exact: true }).fill('25');
  await page.screenshot({ path: join(directory, 'show-form.png') });
}

async function takeShow(page: Page, name: string, colorScheme: 'light' | 'dark', digits: RegExp): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.locator('#show .digits', { hasText: digits }).waitFor();
  await page.screenshot({ path: join(directory, `${name}.png`) });
}

async function show(...args: string[]): Promise<void> {
  const { exit, stderr } = await runClock(['show', ...args, '--data-dir', clock.dataDir]);
  if (exit !== 0) throw new Error(stderr);
}

async function waitUntilShown(page: Page): Promise<void> {
  await page.waitForSelector('[data-state="live"]');
  await until(async () => /± \d/.test((await page.textContent('#error')) ?? ''), 'the page shows its error');
}
