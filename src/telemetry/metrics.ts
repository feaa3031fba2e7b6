import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

import { Histogram, type Observations } from './histogram.ts';

/** Everything this process measures; health servers print it at `/metrics`. */
export const registry = new Registry();

const outcomes = ['ack', 'nack', 'dead-letter', 'duplicate'] as const;
type Outcome = (typeof outcomes)[number];

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

const durations = new Histogram(
  {
    name: 'nightshift_host_handling_duration_seconds',
    help: 'How long a message took from its turn to its settling.',
    label: 'subscription',
    bounds: SECONDS,
  },
  registry,
);

const waits = new Histogram(
  {
    name: 'nightshift_host_queue_wait_seconds',
    help: 'How long a received message waited for its turn.',
    label: 'subscription',
    bounds: SECONDS,
  },
  registry,
);

const deliveries = new Histogram(
  {
    name: 'nightshift_host_delivery_attempts',
    help: 'Which delivery of its message a handling was; 1 is the first.',
    label: 'subscription',
    bounds: [1, 2, 3, 5, 10, 20, 50],
  },
  registry,
);

/** The measurements of one subscription: plain numbers, read when somebody asks for metrics. */
export class HostMetrics {
  readonly counts: Record<Outcome, number> = {
    ack: 0,
    nack: 0,
    'dead-letter': 0,
    duplicate: 0,
  };
  /** Handlers running now. */
  running = 0;
  /** Handlers that run on after they were given up on. */
  abandoned = 0;
  reopenings = 0;
  /** By an operator. */
  paused = false;
  readonly #durations: Observations;
  readonly #waits: Observations;
  readonly #deliveries: Observations;

  constructor(readonly subscription: string) {
    this.#durations = durations.of(subscription);
    this.#waits = waits.of(subscription);
    this.#deliveries = deliveries.of(subscription);
  }

  /** @param deliveryAttempt 1 for the first. */
  handled(
    outcome: Outcome,
    durationSeconds: number,
    deliveryAttempt: number,
  ): void {
    this.counts[outcome] += 1;
    this.#durations.observe(durationSeconds);
    this.#deliveries.observe(deliveryAttempt);
  }

  waited(seconds: number): void {
    this.#waits.observe(seconds);
  }
}

const known = new Map<string, HostMetrics>();

/** The measurements of a subscription of the host. */
export const hostMetrics = (subscription: string): HostMetrics => {
  let metrics = known.get(subscription);
  if (!metrics)
    known.set(subscription, (metrics = new HostMetrics(subscription)));
  return metrics;
};

new Counter({
  name: 'nightshift_host_messages_total',
  help: 'Messages handled, by what became of them.',
  labelNames: ['subscription', 'outcome'],
  registers: [registry],
  collect() {
    this.reset();
    for (const { subscription, counts } of known.values())
      for (const outcome of outcomes)
        this.inc({ subscription, outcome }, counts[outcome]);
  },
});

new Gauge({
  name: 'nightshift_host_in_flight',
  help: 'Handlers running now.',
  labelNames: ['subscription'],
  registers: [registry],
  collect() {
    for (const { subscription, running } of known.values())
      this.set({ subscription }, running);
  },
});

new Gauge({
  name: 'nightshift_host_abandoned_handlers',
  help: 'Handlers that run on after their time was up.',
  labelNames: ['subscription'],
  registers: [registry],
  collect() {
    for (const { subscription, abandoned } of known.values())
      this.set({ subscription }, abandoned);
  },
});

new Gauge({
  name: 'nightshift_host_paused',
  help: 'Whether an operator has paused the subscription: 1 or 0.',
  labelNames: ['subscription'],
  registers: [registry],
  collect() {
    for (const { subscription, paused } of known.values())
      this.set({ subscription }, paused ? 1 : 0);
  },
});

new Counter({
  name: 'nightshift_host_stream_reopenings_total',
  help: 'How often the stream of a subscription ended and was opened again.',
  labelNames: ['subscription'],
  registers: [registry],
  collect() {
    this.reset();
    for (const { subscription, reopenings } of known.values())
      this.inc({ subscription }, reopenings);
  },
});

let collecting = false;

/** Adds memory, event-loop lag and the like of this process to the registry. Idempotent. */
export const collectProcessMetrics = (): void => {
  if (collecting) return;
  collecting = true;
  collectDefaultMetrics({ register: registry });
};
