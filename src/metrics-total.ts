import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

type Value = MetricValue<string> & { metricName?: string };
type Metric = Omit<MetricObjectWithValues<MetricValue<string>>, 'values'> & { values: readonly Value[] };
type Combine = (one: number, other: number) => number;

/** The metrics of one process at one instant. */
export type MetricsSnapshot = readonly Metric[];

const sum: Combine = (one, other) => one + other;
/** By magnitude, since an offset may be negative. */
const largest = ofKnown((one, other) => (Math.abs(other) > Math.abs(one) ? other : one));

/** By the `aggregator` of a metric. */
const combinations: Readonly<Record<string, Combine>> = {
  sum,
  max: largest,
  min: ofKnown(Math.min),
  first: (one) => one,
  // Those of prom-client's own metrics: an average of event loop lags would hide a busy process, and the start of the
  // whole is that of the first process.
  average: largest,
  omit: (one) => one,
};

/** The metrics of several processes as those of one. */
export function totalOf(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  const totals = new Map<string, { metric: Metric; values: Map<string, Value> }>();
  for (const metric of snapshots.flat()) {
    const { values } = totals.get(metric.name) ?? { values: new Map<string, Value>() };
    totals.set(metric.name, { metric, values });
    for (const value of metric.values) {
      const key = `${value.metricName ?? ''} ${JSON.stringify(Object.entries(value.labels).toSorted())}`;
      const known = values.get(key);
      const combine = combinationOf(metric, value);
      values.set(key, known === undefined ? value : { ...value, value: combine(known.value, value.value) });
    }
  }
  return [...totals.values()].map(({ metric, values }) => ({ ...metric, values: [...values.values()] }));
}

/** What processes that have ended had counted. */
export function countsOf(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ type }) => ['counter', 'histogram'].includes(String(type)));
}

/** A snapshot in the text format of Prometheus. */
export function textOf(snapshot: MetricsSnapshot): Promise<string> {
  return AggregatorRegistry.aggregate([snapshot.map((metric) => ({ ...metric, aggregator: 'first' }))]).metrics();
}

function combinationOf({ name, aggregator }: Metric, { labels }: Value): Combine {
  // Every process counts the same screens that are away, and sockets of its own otherwise.
  if (name === 'clock_screens' && labels['state'] === 'away') return largest;
  return combinations[aggregator] ?? sum;
}

/** NaN is an unknown value, which does not count beside a known one. */
function ofKnown(combine: Combine): Combine {
  return (one, other) => {
    if (Number.isNaN(one)) return other;
    return Number.isNaN(other) ? one : combine(one, other);
  };
}
