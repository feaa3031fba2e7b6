import { Counter, Gauge, Histogram } from 'prom-client';

import { registry } from '../../telemetry/metrics.ts';
import type { Settled } from '../port.ts';

const labelNames = ['queue', 'job'] as const;

/** Seconds. */
const buckets = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800,
];

const durations = new Histogram({
  name: 'job_duration_seconds',
  help: 'How long an attempt at a job took.',
  labelNames,
  buckets,
  registers: [registry],
});

const waits = new Histogram({
  name: 'job_start_delay_seconds',
  help: 'How long after it was due an attempt at a job began.',
  labelNames,
  buckets,
  registers: [registry],
});

const completions = new Counter({
  name: 'job_completions_total',
  help: 'Jobs that were completed.',
  labelNames,
  registers: [registry],
});

const failures = new Counter({
  name: 'job_failures_total',
  help: 'Attempts that failed; `exhausted` was the last one.',
  labelNames: [...labelNames, 'outcome'],
  registers: [registry],
});

const attempts = new Histogram({
  name: 'job_attempts',
  help: 'Attempts that a job took until it was completed or had used them up.',
  labelNames,
  buckets: [1, 2, 3, 5, 10, 20],
  registers: [registry],
});

const running = new Gauge({
  name: 'job_running',
  help: 'Jobs that this process runs now.',
  labelNames,
  registers: [registry],
});

/** The measurements of the jobs of one name in one queue. */
export const jobMetrics = (queue: string, job: string) => {
  const labels = { queue, job };
  return {
    started(delaySeconds: number): void {
      running.inc(labels);
      waits.observe(labels, Math.max(0, delaySeconds));
    },
    ended(settled: Settled, durationSeconds: number, attempt: number): void {
      running.dec(labels);
      durations.observe(labels, durationSeconds);
      if (settled === 'completed' || settled === 'exhausted')
        attempts.observe(labels, attempt);
      if (settled === 'completed') completions.inc(labels);
      else if (settled === 'retried' || settled === 'exhausted')
        failures.inc({ ...labels, outcome: settled });
    },
  };
};
