import { Counter } from 'prom-client';

import { registry } from '../telemetry/metrics.ts';

/** What becomes of what is to be recorded in this process. */
export const recorded = new Counter({
  name: 'nightshift_causality_deliveries_total',
  help: 'Deliveries that were recorded, left out by sampling, or dropped because the database did not keep up.',
  labelNames: ['result'] as const,
  registers: [registry],
});
for (const result of ['recorded', 'sampled_out', 'dropped'] as const)
  recorded.inc({ result }, 0);
