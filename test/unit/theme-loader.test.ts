import { beforeEach, describe, expect, test } from 'vitest';
import { LazyModule } from '../../src/client/lazy-module.ts';
import { ThemeLoader, type ThemeState } from '../../src/client/theme-loader.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('theme loader', () => {
  let clock: VirtualClock;
  let isServed: boolean;
  let applied: string[];
  let states: ThemeState[];
  let reloads: number[];
  let errors: unknown[];

  beforeEach(() => {
    clock = new VirtualClock(0);
    isServed = true;
    applied = [];
    states = [];
    reloads = [];
    errors = [];
  });

  function make(apply: (module: string) => void = (module) => applied.push(module)) {
    return new ThemeLoader<string>({
      load: async () => {
        if (!isServed) throw new Error('not delivered');
        return 'theme';
      },
      apply,
      onState: (state) => states.push(state),
      onError: (error) => errors.push(error),
      schedule: (run, delayMs) => clock.schedule(run, delayMs),
      reload: () => reloads.push(clock.now),
    });
  }

  test('applies the theme once it is loaded', async () => {
    await make().load();
    expect(applied).toEqual(['theme']);
    expect(states).toEqual(['loading', 'applied']);
  });

  test('needs no theme before it loads one', () => {
    expect(make().state).toBe('applied');
  });

  test('keeps the face of a live page until the next one is loaded', async () => {
    const loader = make();
    await loader.load();
    await loader.load(true);
    expect(applied).toEqual(['theme', 'theme']);
    expect(states).toEqual(['loading', 'applied', 'applied']);
  });

  test('tries again for a live page every 15 s, and does not reload it', async () => {
    isServed = false;
    const loader = make();
    await loader.load(true);
    await loader.onReachable();
    await clock.pass(29_000);
    expect(states).toEqual([]);
    isServed = true;
    await clock.pass(1_000);
    expect(applied).toEqual(['theme']);
    await clock.pass(120_000);
    expect(reloads).toEqual([]);
    expect(applied).toEqual(['theme']);
  });

  test('is applied again after a theme that this browser cannot apply', async () => {
    let isBroken = true;
    const loader = make(() => {
      if (isBroken) throw new Error('no such feature');
    });
    await loader.load(true);
    expect(loader.state).toBe('broken');
    isBroken = false;
    await loader.load();
    expect(states).toEqual(['broken', 'loading', 'applied']);
  });

  test('loads a missing theme again when the server answers', async () => {
    isServed = false;
    const loader = make();
    await loader.load();
    expect(loader.state).toBe('missing');
    isServed = true;
    await loader.onReachable();
    expect(loader.state).toBe('applied');
    await clock.pass(120_000);
    expect(reloads).toEqual([]);
  });

  test('reloads the page once if the second attempt fails too', async () => {
    isServed = false;
    const loader = make();
    await loader.load();
    await loader.onReachable();
    await loader.onReachable();
    await clock.pass(120_000);
    expect(reloads).toEqual([15_000]);
  });

  test.each([
    [true, ['loading', 'broken']],
    [false, ['loading', 'missing', 'loading', 'broken']],
  ])('is broken, and stays so, if this browser cannot apply the theme; delivered at once: %s', async (isFirst, all) => {
    const error = new Error('no such feature');
    isServed = isFirst;
    const loader = make(() => {
      throw error;
    });
    await loader.load();
    isServed = true;
    await loader.onReachable();
    await loader.onReachable();
    await clock.pass(120_000);
    expect(states).toEqual(all);
    expect(errors).toEqual([error]);
    expect(reloads).toEqual([]);
  });
});

describe('lazy module', () => {
  test('ignores that a script is missing which the page can do without', async () => {
    const used: string[] = [];
    let isServed = false;
    const module = new LazyModule<string>('/static/words.js', async () => {
      if (!isServed) throw new Error('not delivered');
      return 'words';
    });
    module.tryWith((script) => used.push(script));
    await Promise.allSettled([module.load()]);
    isServed = true;
    module.tryWith((script) => {
      used.push(script);
      throw new Error('cannot run');
    });
    await module.load();
    expect(used).toEqual(['words']);
  });

  test('requests another address after each failure', async () => {
    const requested: string[] = [];
    const module = new LazyModule<string>('/static/panel.js', async (address) => {
      requested.push(address);
      if (requested.length < 3) throw new Error('not delivered');
      return 'panel';
    });
    await expect(module.load()).rejects.toThrow('not delivered');
    await expect(module.load()).rejects.toThrow('not delivered');
    expect(await module.load()).toBe('panel');
    expect(requested).toEqual(['/static/panel.js', '/static/panel.js?retry=1', '/static/panel.js?retry=2']);
  });
});
