import { beforeEach, describe, expect, test } from 'vitest';
import { dashes, Face, type ShownTime, type ShownZone } from '../../src/client/face.ts';

const hourMs = 3_600_000;

/** An element that records what is written to it. */
class Written {
  writes: (string | null)[] = [];
  label: string | null = null;

  get textContent(): string | null {
    return this.writes.at(-1) ?? '';
  }

  set textContent(text: string | null) {
    this.writes.push(text);
  }

  setAttribute(_name: 'aria-label', value: string): void {
    this.label = value;
  }
}

describe('face', () => {
  const at = Date.parse('2026-10-25T00:59:59Z');
  const madrid: ShownZone = {
    name: 'Europe/Madrid',
    wallClockAt: (instant) => instant + (instant > at ? 1 : 2) * hourMs,
  };
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
    face.setZones(madrid, null);
    face.setState('live');
  });

  test('shows dashes before the first second, then the wall clock of its zone', () => {
    expect(display.textContent).toBe(dashes);
    expect(face.show(at)).toBe(true);
    expect(display.textContent).toBe('02:59:59');
  });

  test('goes back at the end of summer time', () => {
    face.show(at);
    face.show(at + 1_000);
    expect(display.writes.slice(-2)).toEqual(['02:59:59', '02:00:00']);
  });

  test('reports a second as not shown while the offset of its zone is unknown', () => {
    face.show(at);
    face.setZones({ name: 'Nowhere/Atlantis', wallClockAt: () => null }, null);
    expect(display.textContent).toBe(dashes);
    expect(face.show(at + 1_000)).toBe(false);
    expect(display.textContent).toBe(dashes);
  });

  test('shows no default zone before it has one', () => {
    const blank = new Written();
    face = new Face({ root, display: blank, state, error });
    expect(face.show(at)).toBe(false);
    face.setZones(null, null);
    expect(blank.textContent).toBe(dashes);
    expect(blank.label).toBe('Time');
  });

  test('follows a change of zone at once', () => {
    face.show(at);
    face.setZones({ name: 'Asia/Tokyo', wallClockAt: (instant) => instant + 9 * hourMs }, null);
    expect(display.textContent).toBe('09:59:59');
    expect(display.label).toBe('Time in Asia/Tokyo');
  });

  test('puts the state on the root and writes its words once', () => {
    face.show(at);
    face.show(at + 1_000);
    expect(root.dataset['state']).toBe('live');
    expect(state.writes).toEqual(['Connecting', 'Live']);
  });

  test.each([
    ['stale', 'Stale: stopped at 02:59:59'],
    ['signed-out', 'Signed out: stopped at 02:59:59'],
  ] as const)('says when the time stopped if it is %s, and keeps it', (name, words) => {
    face.show(at);
    face.setState(name);
    expect(root.dataset['state']).toBe(name);
    expect(state.textContent).toBe(words);
    expect(display.textContent).toBe('02:59:59');
  });

  test('shows dashes while it is not live, if the address says so', () => {
    face.stale = 'dash';
    face.show(at);
    face.setState('stale');
    expect(display.textContent).toBe(dashes);
    face.setState('live');
    expect(display.textContent).toBe('02:59:59');
  });

  test('says that there was no signal if it never showed a time', () => {
    face.setState('stale');
    expect(state.textContent).toBe('Stale: no signal');
  });

  test('rounds its error up and writes it once', () => {
    face.setError(9.1);
    face.setError(9.8);
    face.setError(null);
    expect(error.writes).toEqual(['± 10 ms', '']);
  });

  test('names its zone and describes its time for a screen reader', () => {
    expect(display.label).toBe('Time in Europe/Madrid');
    face.show(at);
    expect(face.describe()).toBe('02:59:59, Live');
  });

  test('writes the text of its view, and has the view draw the wall clocks of both zones', () => {
    const drawn: (ShownTime | null)[] = [];
    face.setZones(madrid, { name: 'UTC', wallClockAt: (instant) => instant });
    face.setView({ textOf: () => '2:59 AM', draw: (time) => drawn.push(time) });
    face.show(at);
    expect(display.textContent).toBe('2:59 AM');
    expect(drawn).toEqual([null, { instant: at, wallClock: at + 2 * hourMs, secondWallClock: at }]);
  });

  test('does not count a second as shown that its view could not draw', () => {
    face.show(at);
    face.setView({
      textOf: () => '2:59 AM',
      draw: (time) => {
        if (time !== null && time.instant > at) throw new Error('cannot draw');
      },
    });
    expect(() => face.show(at + 1_000)).toThrow('cannot draw');
    face.setState('stale');
    expect(state.textContent).toBe('Stale: stopped at 02:59:59');
  });
});
