/** Five rows of each character. */
const shapes: Readonly<Record<string, readonly string[]>> = {
  '0': ['█████', '█   █', '█   █', '█   █', '█████'],
  '1': ['  █  ', ' ██  ', '  █  ', '  █  ', ' ███ '],
  '2': ['█████', '    █', '█████', '█    ', '█████'],
  '3': ['█████', '    █', ' ████', '    █', '█████'],
  '4': ['█   █', '█   █', '█████', '    █', '    █'],
  '5': ['█████', '█    ', '█████', '    █', '█████'],
  '6': ['█████', '█    ', '█████', '█   █', '█████'],
  '7': ['█████', '    █', '   █ ', '  █  ', '  █  '],
  '8': ['█████', '█   █', '█████', '█   █', '█████'],
  '9': ['█████', '█   █', '█████', '    █', '█████'],
  ':': [' ', '█', ' ', '█', ' '],
  '-': ['     ', '     ', '█████', '     ', '     '],
};

/** Draws a time in digits of five rows; omits characters other than digits, colons and hyphens. */
export function bigDigits(text: string): string[] {
  const signs = [...text].flatMap((sign) => shapes[sign] ?? []);
  return [0, 1, 2, 3, 4].map((row) => {
    const rows = signs.filter((_, index) => index % 5 === row);
    return rows.join('  ');
  });
}
