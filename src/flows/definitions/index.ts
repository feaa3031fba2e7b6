import { jobs } from '../../jobs/declarations.ts';
import { type FlowStarter, handlers } from '../../jobs/handlers/index.ts';
import { queues } from '../../jobs/queues.ts';
import type { JobHandlers, JobRegistry } from '../../jobs/registry.ts';
import { type FlowRegistry, withFlows } from '../registry.ts';
import { publication } from './publication/flow.ts';
import {
  reconciliation,
  reconciliationUnapproved,
} from './reconciliation/flow.ts';
import { reconcileCounters } from './reconciliation/job.ts';
import { userData } from './user-data/flow.ts';

/**
 * Every flow of this system. A version that changed its steps stands beside the one before, until that one's runs have
 * ended.
 */
export const flows: FlowRegistry = [
  publication,
  reconciliationUnapproved,
  reconciliation,
  userData,
];

const starters: Pick<JobHandlers, FlowStarter> = {
  'reconcile-counters': reconcileCounters,
};

/** What the processes of this system run: jobs, and the steps of flows. */
export const workRegistry: JobRegistry = withFlows(
  { queues, declarations: jobs, handlers: { ...handlers, ...starters } },
  flows,
);
