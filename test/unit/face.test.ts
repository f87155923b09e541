import { beforeEach, describe, expect, test } from 'vitest';
import { dashes, Face } from '../../src/client/face.ts';

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
  const at = Date.parse('2026-10-25T00:59:59Z');
  let root: { dataset: Record<string, string | undefined> };
  let display: Written;
  let state: Written;
  let error: Written;
  let face: Face;

  beforeEach(() => {
    root = { dataset: { state: 'connecting' } };
    display = new Written();
    state = new Written();
    error = new Written();
    face = new Face({ root, display, state, error });
    face.place('Europe/Madrid');
    face.become('live');
  });

  test('shows an instant as it reads in the zone, and dashes before the first', () => {
    expect(display.textContent).toBe(dashes);
    face.show(at);
    expect(display.textContent).toBe('02:59:59');
  });

  test('goes back where the time does: at the end of summer time', () => {
    face.show(at);
    face.show(at + 1_000);
    expect(display.writes.slice(-2)).toEqual(['02:59:59', '02:00:00']);
  });

  test('shows no time in a zone that this browser does not know', () => {
    face.show(at);
    face.place('Nowhere/Atlantis');
    expect(display.textContent).toBe(dashes);
  });

  test('tells the state by word and on the root, and announces it once', () => {
    face.show(at);
    face.show(at + 1_000);
    expect(root.dataset['state']).toBe('live');
    expect(state.writes).toEqual(['Live']);
  });

  test.each([
    ['stale', 'Stale: stopped at 02:59:59'],
    ['signed-out', 'Signed out: stopped at 02:59:59'],
  ] as const)('says since when it is %s, and keeps the time', (name, words) => {
    face.show(at);
    face.become(name);
    expect(root.dataset['state']).toBe(name);
    expect(state.textContent).toBe(words);
    expect(display.textContent).toBe('02:59:59');
  });

  test('shows dashes instead of a time that it does not claim, if it was told so', () => {
    face.staleIs = 'dash';
    face.show(at);
    face.become('stale');
    expect(display.textContent).toBe(dashes);
    face.become('live');
    expect(display.textContent).toBe('02:59:59');
  });

  test('says so when it never had a time', () => {
    face.become('stale');
    expect(state.textContent).toBe('Stale: no signal');
  });

  test('says how far it may be wrong, rounded up, once', () => {
    face.doubt(9.1);
    face.doubt(9.8);
    face.doubt(null);
    expect(error.writes).toEqual(['± 10 ms', '']);
  });

  test('says for whom cannot see where the time holds, and reads it out', () => {
    expect(display.ariaLabel).toBe('Time in Europe/Madrid');
    face.show(at);
    expect(face.read()).toBe('02:59:59, Live');
  });

  test('shows what its dial makes of the time', () => {
    const drawn: (number | null)[] = [];
    face.wear({ textOf: () => '2:59 AM', draw: (instant) => drawn.push(instant), place: () => {} });
    face.show(at);
    expect(display.textContent).toBe('2:59 AM');
    expect(drawn).toEqual([null, at]);
  });
});
