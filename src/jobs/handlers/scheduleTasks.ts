import { config } from '../../config.ts';
import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { scheduleDue } from './connections/due.ts';

const handler: JobHandler<JobSchema['schedule-tasks']> = {
  handler: (_payload, { con, signal }) =>
    scheduleDue(con, { hours: config().CONNECTION_SYNC_HOURS, signal }),
};

export default handler;
