const browsers: readonly [pattern: RegExp, name: string][] = [
  [/SamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/Edg\w*\/(\d+)/, 'Edge'],
  [/OBS\/(\d+)/, 'OBS'],
  [/Firefox\/(\d+)/, 'Firefox'],
  [/Chrom(?:e|ium)\/(\d+)/, 'Chromium'],
  [/Version\/(\d+).*Safari/, 'Safari'],
];
const systems: readonly [pattern: RegExp, name: string][] = [
  [/Web0S/, 'LG webOS'],
  [/Tizen/, 'Samsung Tizen'],
  [/Android/, 'Android'],
  [/CrOS/, 'ChromeOS'],
  [/iPad|iPhone/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** The browser and system that a `User-Agent` names, as a person would: `Chromium 79 on LG webOS`. */
export function browserName(userAgent: string): string {
  const [pattern, name] = browsers.find(([each]) => each.test(userAgent)) ?? [];
  const system = systems.find(([each]) => each.test(userAgent))?.[1];
  const version = pattern?.exec(userAgent)?.[1];
  const browser = name === undefined ? 'an unknown browser' : `${name} ${version}`;
  return system === undefined ? browser : `${browser} on ${system}`;
}
