const namespace = 'http://www.w3.org/2000/svg';

/** Puts a dial with hands in the place of the digits; the function it returns sets them. */
export function hands(display: HTMLElement, hasSeconds: boolean): (instant: number | null, zone: string) => void {
  const svg = make('svg', { id: 'dial', viewBox: '-100 -100 200 200', 'aria-hidden': 'true' });
  svg.append(make('circle', { r: '97', class: 'rim' }));
  for (let hour = 0; hour < 60; hour += 1) {
    const isHour = hour % 5 === 0;
    svg.append(line(isHour ? 'hour-mark' : 'mark', -90, isHour ? -76 : -85, hour * 6));
  }
  const [hour, minute, second] = [line('hour', 12, -50, 0), line('minute', 14, -80, 0), line('second', 20, -86, 0)];
  const pivot = make('circle', { r: '5', class: 'pivot' });
  svg.append(hour, minute, ...(hasSeconds ? [second] : []), pivot);
  display.insertAdjacentElement('beforebegin', svg);
  let placed = { zone: '', time: new Intl.DateTimeFormat() };
  return (instant, zone) => {
    svg.classList.toggle('blank', instant === null);
    if (instant === null) return;
    if (placed.zone !== zone) placed = { zone, time: timeIn(zone) };
    const [h = 0, m = 0, s = 0] = placed.time.format(instant).split(':').map(Number);
    turn(hour, (h % 12) * 30 + m / 2 + s / 120);
    turn(minute, m * 6 + s / 10);
    turn(second, s * 6);
  };
}

function timeIn(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium', hourCycle: 'h23' });
}

function line(name: string, from: number, to: number, degrees: number): SVGElement {
  const made = make('line', { class: name, y1: String(from), y2: String(to) });
  turn(made, degrees);
  return made;
}

function turn(element: SVGElement, degrees: number): void {
  element.setAttribute('transform', `rotate(${degrees})`);
}

function make(name: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
