type Cell = string | number | boolean | null | readonly string[];

export function printJson(rows: readonly object[]): void {
  process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
}

/** Prints rows, as JSON or as a table. */
export function printList(rows: readonly Record<string, Cell>[], asJson: boolean): void {
  if (asJson) return printJson(rows);
  const [first] = rows;
  if (first === undefined) return;
  const names = Object.keys(first);
  const table = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((name) => formatCell(row[name]))),
  ];
  const widths = names.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  for (const cells of table) {
    process.stdout.write(
      `${cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
}

function formatCell(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '-';
  if (typeof cell === 'object') return cell.length === 0 ? '-' : cell.join(',');
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : String(cell);
}
