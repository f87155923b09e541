const sampleFontPx = 100;
/** Wide and narrow digits, for fonts whose digits differ in width. */
const samples = [0, 23, 44, 58];

/** The width of the widest text that `#display` can show, in em of its font. */
export function timeWidth(display: HTMLElement, textOf: (wallClock: number) => string): number {
  const sample = document.createElement('div');
  sample.className = 'time-sample';
  sample.lang = display.lang;
  sample.dir = display.dir;
  sample.style.fontSize = `${sampleFontPx}px`;
  for (let hour = 0; hour < 24; hour += 1) {
    for (const part of samples) {
      const line = document.createElement('div');
      line.textContent = textOf(((hour * 60 + part) * 60 + part) * 1_000);
      sample.append(line);
    }
  }
  display.insertAdjacentElement('afterend', sample);
  const { width } = sample.getBoundingClientRect();
  sample.remove();
  return width / sampleFontPx;
}
