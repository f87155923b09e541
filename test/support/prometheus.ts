import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const rulesFile = join(import.meta.dirname, '../../deploy/prometheus/alerts.yaml');
const everyS = 15;

/** A process that serves metrics. */
interface Target {
  ask(path: string): Promise<Response>;
}

interface Series {
  name: string;
  isCounter: boolean;
  value: number;
}

interface Scrape {
  at: number;
  series: Map<string, Series>;
}

/** Two scrapes of processes, between which `act` runs. Each process has the name that it is given as its instance. */
export async function scrapedAround(
  targets: Readonly<Record<string, Target>>,
  act: () => Promise<unknown>,
): Promise<[Scrape, Scrape]> {
  const before = await scrape(targets);
  await act();
  return [before, await scrape(targets)];
}

async function scrape(targets: Readonly<Record<string, Target>>): Promise<Scrape> {
  const series = new Map<string, Series>();
  for (const [instance, target] of Object.entries(targets)) {
    const text = await target.ask('/metrics').then(
      (response) => response.text(),
      () => null,
    );
    series.set(`up{instance="${instance}"}`, { name: 'up', isCounter: false, value: text === null ? 0 : 1 });
    const lines = (text ?? '').split('\n');
    const counters = new Set(lines.flatMap((line) => /^# TYPE (\S+) (?:counter|histogram)$/.exec(line)?.[1] ?? []));
    for (const line of lines) {
      const [, name = '', labels = '', value = ''] = /^(clock_\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === '') continue;
      const isCounter = counters.has(name) || counters.has(name.replace(/_(bucket|sum|count)$/, ''));
      const key = `${name}{${[labels, `instance="${instance}"`].filter(Boolean).join(',')}}`;
      series.set(key, { name, isCounter, value: Number(value.replace('Nan', 'NaN')) });
    }
  }
  return { at: performance.now(), series };
}

/**
 * Whether exactly the alerts `expected` fire if the processes go on for `minutes` as they did between two scrapes:
 * gauges keep their values, counters rise as fast, and series that are missing in the second one end. `ignored` may fire or not:
 * on a loaded machine a tick or two may be late. Returns promtool's explanation if not,
 * else an empty text.
 */
export function alertsDiffer(
  [before, after]: [Scrape, Scrape],
  minutes: number,
  expected: readonly string[],
  ignored = 'ClockTicksLate',
): string {
  const count = (minutes * 60) / everyS + 1;
  const steps = (everyS * 1_000) / (after.at - before.at);
  const input = [...after.series].map(([series, { name, isCounter, value }]) => {
    const rise = isCounter ? (value - (before.series.get(series)?.value ?? 0)) * steps : 0;
    // promtool's time begins at 0.
    const start = name === 'clock_tls_expiry_timestamp_seconds' ? value - Date.now() / 1_000 : value;
    const values = Array.from({ length: count }, (_, index) => start + index * rise);
    return { series, values: values.map((one) => String(one).replace('Infinity', 'Inf')).join(' ') };
  });
  const ended = [...before.series].filter(([series]) => !after.series.has(series));
  input.push(...ended.map(([series, { value }]) => ({ series, values: `${value} stale` })));
  const samples = expected.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 }));
  const firing = `ALERTS{alertstate="firing",alertname!="${ignored}"}`;
  const expr = `count by (alertname) (count by (alertname, alertstate) (${firing}))`;
  const test = { interval: `${everyS}s`, input_series: input, promql_expr_test: [] as object[] };
  test.promql_expr_test = [{ expr, eval_time: `${minutes}m`, exp_samples: samples }];
  const folder = mkdtempSync(join(tmpdir(), 'clock-rules-'));
  try {
    const file = join(folder, 'test.json');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ rule_files: [rulesFile], evaluation_interval: `${everyS}s`, tests: [test] }));
    const { stdout, stderr, status } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    return status === 0 ? '' : stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One result of an expression. */
interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Debian's Prometheus, which scrapes ports of this host and evaluates the alerting rules. */
export class Prometheus implements AsyncDisposable {
  readonly #port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, process: ChildProcess, folder: string) {
    this.#port = port;
    this.#process = process;
    this.#folder = folder;
  }

  static async start(ports: readonly number[], scrapeEveryS = 1): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'clock-prometheus-'));
    const port = await freePort();
    const interval = `${scrapeEveryS}s`;
    const config = {
      global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
      rule_files: [rulesFile],
      scrape_configs: [
        { job_name: 'clock', static_configs: [{ targets: ports.map((one) => `127.0.0.1:${one}`) }] },
        { job_name: 'prometheus', static_configs: [{ targets: [`127.0.0.1:${port}`] }] },
      ],
    };
    writeFileSync(join(folder, 'prometheus.yaml'), JSON.stringify(config));
    const args = [`--config.file=${folder}/prometheus.yaml`, `--storage.tsdb.path=${folder}/data`, '--log.level=error'];
    const child = spawn('prometheus', [...args, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
    const prometheus = new Prometheus(port, child, folder);
    const isReady = async (): Promise<boolean> => {
      const response = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => null);
      return response?.ok ?? false;
    };
    await until(isReady, 'prometheus is ready; install the Debian package prometheus', 20_000, 50);
    return prometheus;
  }

  /** The result of an expression. Rejects if the expression is not valid. */
  async query(expression: string): Promise<Sample[]> {
    const address = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { status, error, data } = (await (await fetch(address)).json()) as {
      status: string;
      error?: string;
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (status !== 'success') throw new Error(`${expression}: ${error}`);
    return (data?.result ?? []).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill();
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
