import { beforeEach, describe, expect, test } from 'vitest';
import { Face } from '../../src/client/face.ts';

/** An element that counts how often it was written. */
class Written {
  writes: (string | null)[] = [];
  ariaLabel: string | null = null;

  get textContent(): string | null {
    return this.writes.at(-1) ?? '';
  }

  set textContent(text: string | null) {
    this.writes.push(text);
  }
}

describe('face', () => {
  let root: { dataset: Record<string, string | undefined> };
  let display: Written;
  let state: Written;
  let face: Face;

  beforeEach(() => {
    root = { dataset: { state: 'connecting' } };
    display = new Written();
    state = new Written();
    face = new Face({ root, display, state });
  });

  function show(text: string, seq: number): void {
    face.show({ channel: 'time', text, at: seq * 50, seq });
  }

  test('writes a text once, however many ticks carry it', () => {
    show('15:03:27', 1);
    show('15:03:27', 2);
    show('15:03:28', 3);
    expect(display.writes).toEqual(['15:03:27', '15:03:28']);
  });

  test('never shows an older tick after a newer one', () => {
    show('15:03:28', 9);
    show('15:03:27', 8);
    expect(display.textContent).toBe('15:03:28');
  });

  test('goes back where the time does: at the end of summer time', () => {
    show('02:59:59', 9);
    show('02:00:00', 10);
    expect(display.textContent).toBe('02:00:00');
  });

  test('tells the state by word and on the root, and announces it once', () => {
    face.become('live');
    show('15:03:27', 1);
    show('15:03:28', 2);
    expect(root.dataset['state']).toBe('live');
    expect(state.writes).toEqual(['Live']);
  });

  test.each([
    ['stale', 'Stale: stopped at 15:03:27'],
    ['signed-out', 'Signed out: stopped at 15:03:27'],
  ] as const)('says since when it is %s, and keeps the time', (name, words) => {
    show('15:03:27', 1);
    face.become('live');
    face.become(name);
    expect(root.dataset['state']).toBe(name);
    expect(state.textContent).toBe(words);
    expect(display.textContent).toBe('15:03:27');
  });

  test('says so when it never had a time', () => {
    face.become('stale');
    expect(state.textContent).toBe('Stale: no time yet');
  });

  test('says for whom cannot see where the time holds', () => {
    face.place('Europe/Madrid');
    expect(display.ariaLabel).toBe('Time in Europe/Madrid');
  });
});
