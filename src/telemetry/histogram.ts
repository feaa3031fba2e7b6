import type {
  Metric,
  MetricObjectWithValues,
  MetricType,
  MetricValue,
  Registry,
} from 'prom-client';

/** The observations of one set of labels. */
export class Observations {
  /** One count for each bound and one for what is above all of them; not cumulative. */
  readonly counts: number[];
  sum = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.bounds.length && value > (this.bounds[index] ?? 0))
      index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }
}

export interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
}

type Exported = MetricValue<string> & { metricName: string };

/**
 * A histogram with one label whose observations are additions of numbers. The one of `prom-client`
 * validates and hashes the labels of every observation, which for an empty handler is a tenth of
 * the work of a message.
 */
export class Histogram {
  readonly #options: HistogramOptions;
  readonly #observations = new Map<string, Observations>();

  constructor(options: HistogramOptions, registry: Registry) {
    this.#options = options;
    registry.registerMetric(this as unknown as Metric);
  }

  get name(): string {
    return this.#options.name;
  }

  of(label: string): Observations {
    let observations = this.#observations.get(label);
    if (!observations) {
      observations = new Observations(this.#options.bounds);
      this.#observations.set(label, observations);
    }
    return observations;
  }

  /** What a registry of `prom-client` asks a metric for. */
  get(): Promise<MetricObjectWithValues<Exported>> {
    return Promise.resolve({
      name: this.#options.name,
      help: this.#options.help,
      // The types of prom-client know an enumeration that it does not export at run time.
      type: 'histogram' as unknown as MetricType,
      aggregator: 'sum',
      collect: () => undefined,
      values: [...this.#observations].flatMap(([label, observations]) =>
        this.#export(label, observations),
      ),
    });
  }

  /** Forgets everything; part of what a registry expects. */
  reset(): void {
    this.#observations.clear();
  }

  #export(label: string, { bounds, counts, sum }: Observations): Exported[] {
    const { name } = this.#options;
    const labels = { [this.#options.label]: label };
    let total = 0;
    const buckets = counts.map((count, index) => ({
      labels: { le: bounds[index] ?? '+Inf', ...labels },
      value: (total += count),
      metricName: `${name}_bucket`,
    }));
    return [
      ...buckets,
      { labels, value: sum, metricName: `${name}_sum` },
      { labels, value: total, metricName: `${name}_count` },
    ];
  }
}
