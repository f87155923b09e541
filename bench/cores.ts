import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The cores that this process may use. */
const cores = allowedCores();

/** Restricts this process, and the processes that it starts from now on, to all cores except the first. */
export function leaveFirstCore(): void {
  if (cores.length > 1) execFileSync('taskset', ['-a', '-p', '-c', cores.slice(1).join(','), String(process.pid)]);
}

/** Moves a process that runs to the first core, which is the server's. */
export function moveToFirstCore(pid: number): void {
  if (cores.length > 1) execFileSync('taskset', ['-a', '-p', '-c', String(cores[0]), String(pid)]);
}

/** A command that runs another one on the first core, which is the server's, or on the first few. */
export function onFirstCores(command: readonly string[], count = 1): readonly string[] {
  return cores.length > 1 ? ['taskset', '-c', cores.slice(0, count).join(','), ...command] : command;
}

function allowedCores(): number[] {
  const ranges = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return ranges.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
