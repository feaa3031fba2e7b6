import { isFlowJob } from '../flows/index.ts';
import { bulkJob } from './kinds.ts';

/** Whether a job does a part of something larger, which would go on waiting for it: that is cancelled instead. */
export const isKeptJob = (name: string): boolean =>
  isFlowJob(name) || name === bulkJob;
