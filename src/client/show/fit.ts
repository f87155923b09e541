/** A text whose words do not fit at this size is broken inside words, px. */
const unbrokenPx = 14;
const leastPx = 4;
const halvings = 9;

/** Makes a text as large as its parent allows, times `scale`. */
export function fitText(text: HTMLElement, scale: number): void {
  text.style.overflowWrap = 'normal';
  let size = largest(text);
  if (size < unbrokenPx) {
    // `break-word` has the effect of `anywhere`, and older browsers support it.
    text.style.overflowWrap = 'break-word';
    size = largest(text);
  }
  text.style.fontSize = `${Math.max(leastPx, size * scale)}px`;
}

function largest(text: HTMLElement): number {
  const box = text.parentElement;
  if (box === null) return leastPx;
  let [fits, fails] = [leastPx, Math.max(box.clientHeight, leastPx)];
  for (let step = 0; step < halvings; step += 1) {
    const size = (fits + fails) / 2;
    text.style.fontSize = `${size}px`;
    if (text.scrollHeight <= box.clientHeight && text.scrollWidth <= box.clientWidth) fits = size;
    else fails = size;
  }
  return fits;
}
