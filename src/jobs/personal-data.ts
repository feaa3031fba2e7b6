import { jsonNames, type Path } from '../common/personal-data.ts';
import type { JobName } from './declarations.ts';

const nobody: readonly Path[] = [];

/**
 * Where the payloads of each job name a user. `nightshift forget` erases what names the user at one of
 * these paths; a new job has to say here where it does.
 */
export const personalJobPaths: Readonly<Record<JobName, readonly Path[]>> = {
  'sync-connection': nobody,
  'schedule-tasks': nobody,
  'deliver-webhook': nobody,
  'retry-webhooks': nobody,
  'generate-export': nobody,
  'send-email': [['userId']],
  'warm-trending-posts': nobody,
  'warm-kpi-health': nobody,
  'reconcile-counters': nobody,
  'apply-data-retention': nobody,
  'operator-bulk-action': nobody,
  'generate-digests': nobody,
};

/** Whether the payload of a job names the user at one of its paths. */
export const jobNamesUser = (
  name: string,
  payload: Buffer,
  user: string,
): boolean =>
  Object.hasOwn(personalJobPaths, name) &&
  jsonNames(payload, personalJobPaths[name as JobName], user);
