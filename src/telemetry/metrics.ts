import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
} from 'prom-client';

/** Everything this process measures; health servers print it at `/metrics`. */
export const registry = new Registry();

const messages = new Counter({
  name: 'nightshift_host_messages_total',
  help: 'Messages handled, by what became of them.',
  labelNames: ['subscription', 'outcome'],
  registers: [registry],
});

const duration = new Histogram({
  name: 'nightshift_host_handling_duration_seconds',
  help: 'How long a message took from its turn to its settling.',
  labelNames: ['subscription'],
  buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
  registers: [registry],
});

const queueWait = new Histogram({
  name: 'nightshift_host_queue_wait_seconds',
  help: 'How long a received message waited for its turn.',
  labelNames: ['subscription'],
  buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
  registers: [registry],
});

const inFlight = new Gauge({
  name: 'nightshift_host_in_flight',
  help: 'Handlers running now.',
  labelNames: ['subscription'],
  registers: [registry],
});

const abandoned = new Gauge({
  name: 'nightshift_host_abandoned_handlers',
  help: 'Handlers that run on after their time was up.',
  labelNames: ['subscription'],
  registers: [registry],
});

const reopened = new Counter({
  name: 'nightshift_host_stream_reopenings_total',
  help: 'How often the stream of a subscription ended and was opened again.',
  labelNames: ['subscription'],
  registers: [registry],
});

type Outcome = 'ack' | 'nack' | 'dead-letter' | 'duplicate';

/** The measurements of one subscription, its labels resolved once. */
export interface HostMetrics {
  handled(outcome: Outcome, durationSeconds: number): void;
  waited(seconds: number): void;
  running(count: number): void;
  abandoned(count: number): void;
  reopened(): void;
}

const create = (subscription: string): HostMetrics => {
  const counters = {
    ack: messages.labels({ subscription, outcome: 'ack' }),
    nack: messages.labels({ subscription, outcome: 'nack' }),
    'dead-letter': messages.labels({ subscription, outcome: 'dead-letter' }),
    duplicate: messages.labels({ subscription, outcome: 'duplicate' }),
  };
  const durations = duration.labels({ subscription });
  const waits = queueWait.labels({ subscription });
  const running = inFlight.labels({ subscription });
  const left = abandoned.labels({ subscription });
  const reopenings = reopened.labels({ subscription });
  return {
    handled: (outcome, seconds) => {
      counters[outcome].inc();
      durations.observe(seconds);
    },
    waited: (seconds) => waits.observe(seconds),
    running: (count) => running.set(count),
    abandoned: (count) => left.set(count),
    reopened: () => reopenings.inc(),
  };
};

const known = new Map<string, HostMetrics>();

/** The measurements of a subscription of the host. */
export const hostMetrics = (subscription: string): HostMetrics => {
  let metrics = known.get(subscription);
  if (!metrics) known.set(subscription, (metrics = create(subscription)));
  return metrics;
};

let collecting = false;

/** Adds memory, event-loop lag and the like of this process to the registry. Idempotent. */
export const collectProcessMetrics = (): void => {
  if (collecting) return;
  collecting = true;
  collectDefaultMetrics({ register: registry });
};
