import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { warmKpiHealth } from './cache/kpi-health.ts';

/** Counts what people do and what waits, before anybody asks. */
const handler: JobHandler<JobSchema['warm-kpi-health']> = {
  handler: (_payload, { con }) => warmKpiHealth(con),
};

export default handler;
