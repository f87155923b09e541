import { launchOldChromium } from './chromium.ts';
import { launchFirefox } from '../support/firefox.ts';
import { launchWebKit } from './webkit.ts';

/** The browsers that show the clock: the oldest Chromium that it supports, some between, and the other engines. */
export const supported = [
  { name: 'Chromium 64', launch: () => launchOldChromium('64.0.3264') },
  { name: 'Chromium 79', launch: () => launchOldChromium('2.0.2') },
  { name: 'Chromium 88', launch: () => launchOldChromium('5.5.0') },
  { name: 'Chromium 92', launch: () => launchOldChromium('10.1.0') },
  { name: 'Firefox', launch: launchFirefox },
  { name: 'WebKitGTK', launch: launchWebKit },
];
