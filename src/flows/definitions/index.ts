import { jobRegistry } from '../../jobs/handlers/index.ts';
import type { JobRegistry } from '../../jobs/registry.ts';
import { type FlowRegistry, withFlows } from '../registry.ts';

/**
 * Every flow of this system. A version that changed its steps stands beside the one before, until that one's runs have
 * ended.
 */
export const flows: FlowRegistry = [];

/** What the processes of this system run: jobs, and the steps of flows. */
export const workRegistry: JobRegistry = withFlows(jobRegistry, flows);
