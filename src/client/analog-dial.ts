const namespace = 'http://www.w3.org/2000/svg';
const dayMs = 86_400_000;

/** Inserts a dial with hands before `display`; the returned function sets the hands to a wall clock; null hides them. */
export function createAnalogDial(display: HTMLElement, hasSeconds: boolean): (wallClock: number | null) => void {
  const svg = make('svg', { id: 'dial', viewBox: '-100 -100 200 200', 'aria-hidden': 'true' });
  svg.append(make('circle', { r: '97', class: 'rim' }));
  for (let mark = 0; mark < 60; mark += 1) {
    const isHour = mark % 5 === 0;
    svg.append(line(isHour ? 'hour-mark' : 'mark', -90, isHour ? -76 : -85, mark * 6));
  }
  const [hour, minute, second] = [line('hour', 12, -50, 0), line('minute', 14, -80, 0), line('second', 20, -86, 0)];
  svg.append(hour, minute, ...(hasSeconds ? [second] : []), make('circle', { r: '5', class: 'pivot' }));
  display.insertAdjacentElement('beforebegin', svg);
  return (wallClock) => {
    svg.classList.toggle('blank', wallClock === null);
    if (wallClock === null) return;
    const seconds = Math.floor((((wallClock % dayMs) + dayMs) % dayMs) / 1_000);
    turn(hour, (seconds % 43_200) / 120);
    turn(minute, (seconds % 3_600) / 10);
    turn(second, (seconds % 60) * 6);
  };
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
