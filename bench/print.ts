export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
