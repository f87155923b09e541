import { describe, expect, test } from 'vitest';
import { countdownAt, countdownNow, phaseMsOf, shortDuration, spokenDigits } from '../../src/client/show/countdown.ts';

const until = 1_763_906_607_250;
const [secondMs, minuteMs, hourMs] = [1_000, 60_000, 3_600_000];

describe('a countdown', () => {
  test.each([
    [25 * minuteMs, '25:00'],
    [25 * minuteMs - secondMs, '24:59'],
    [hourMs, '1:00:00'],
    [hourMs - secondMs, '59:59'],
    [366 * 24 * hourMs, '8784:00:00'],
    [secondMs, '0:01'],
    [0, '0:00'],
    [-secondMs, '+0:01'],
    [-hourMs, '+1:00:00'],
  ])('with %i ms left shows %s', (leftMs, digits) => {
    expect(countdownAt({ until }, until - leftMs).digits).toBe(digits);
  });

  test('reaches zero at its instant: its digits change when that part of a second has passed', () => {
    expect(phaseMsOf({ until })).toBe(250);
    expect(countdownAt({ until }, until).phase).toBe('over');
    expect(countdownAt({ until }, until - secondMs).phase).toBe('running');
  });

  test.each([
    [6 * minuteMs, 'running', null],
    [5 * minuteMs, 'warning', 5 * minuteMs],
    [minuteMs + secondMs, 'warning', 5 * minuteMs],
    [minuteMs, 'last', minuteMs],
    [secondMs, 'last', minuteMs],
    [0, 'over', null],
  ])('with %i ms left is %s', (leftMs, phase, thresholdMs) => {
    const countdown = { until, warnAt: [5 * minuteMs, minuteMs] };
    expect(countdownAt(countdown, until - leftMs)).toMatchObject({ phase, thresholdMs });
  });
});

test.each([
  [1, '0:01'],
  [999, '0:01'],
  [1_000, '0:01'],
  [1_001, '0:02'],
  [0, '0:00'],
  [-999, '0:00'],
  [-1_000, '+0:01'],
])('with %i ms left the digits are those of the last change: %s', (leftMs, digits) => {
  expect(countdownNow({ until }, until - leftMs).digits).toBe(digits);
});

describe('a count up', () => {
  test.each([
    [-5 * secondMs, '\u22120:05'],
    [0, '0:00'],
    [65 * secondMs, '1:05'],
    [26 * hourMs, '26:00:00'],
  ])('after %i ms shows %s, without warnings', (afterMs, digits) => {
    expect(countdownAt({ since: until }, until + afterMs)).toEqual({ digits, phase: 'running', thresholdMs: null });
  });

  test('changes its digits at the part of a second at which it began', () => {
    expect(phaseMsOf({ since: until })).toBe(250);
    expect(phaseMsOf({ since: -250 })).toBe(750);
  });
});

test.each([
  [300_000, 'en', '5 min'],
  [30_000, 'en', '30 sec'],
  [90_000, 'en', '90 sec'],
  [300_000, 'es', '5 min'],
])('a threshold of %i ms is named in the language of the face, %s', (ms, lang, text) => {
  expect(shortDuration(ms, lang)).toBe(text);
});

test.each([
  ['24:59', 'en', '24 minutes, 59 seconds'],
  ['1:00:01', 'en', '1 hour, 1 second'],
  ['+0:30', 'en', '+30 seconds'],
  ['0:00', 'en', '0 seconds'],
  ['5:00', 'es', '5 minutos'],
])('%s is read in %s as %s', (digits, lang, words) => {
  expect(spokenDigits(digits, lang)).toBe(words);
});
