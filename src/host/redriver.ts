import type { CausalityRecorder } from '../causality/recorder.ts';
import type { Operator } from '../dead-letters/audit.ts';
import type { DeadLetter } from '../entity/infrastructure/index.ts';
import type { HandleDependencies } from './handling.ts';
import type { ServedWorker } from './served-worker.ts';

export interface RedriveRequest extends Operator {
  readonly id: string;
  /** Also what is not open, and past the inbox of a transactional worker. @default false */
  readonly again?: boolean;
  /** Runs in place of the stored payload, which the entry keeps. */
  readonly payload?: Buffer;
  /** Aborts the handler. */
  readonly signal: AbortSignal;
  /** Asked with the entry in hand, before it is run. */
  readonly skip?: (entry: DeadLetter, worker: ServedWorker) => boolean;
}

/** What a redrive needs: the parts of a host, and the workers by their subscriptions. */
export interface Redriver extends Omit<HandleDependencies, 'recorder'> {
  /** Records what redrives do, as deliveries. @default nothing is recorded */
  readonly recorder?: Pick<CausalityRecorder, 'of'> | undefined;
  readonly workers: ReadonlyMap<string, ServedWorker>;
  /** Runs a failed job once more; where it is missing, entries of jobs are left alone. */
  readonly rerunJob?: (
    job: {
      readonly id: string;
      readonly queue: string;
      /** JSON that it runs with from now on. @default what it has */
      readonly payload?: string;
    },
    signal: AbortSignal,
  ) => Promise<JobRerun>;
  /**
   * Lets a failed run of a flow go on from its failed step, which closes its entries in the same commit; where it is
   * missing, entries of flows are left alone. @returns `false` if the run has not failed, or is gone
   */
  readonly retryRun?: (run: string, operator: Operator) => Promise<boolean>;
  /** How long the inbox remembers an event, in milliseconds. @default for ever */
  readonly inboxMilliseconds?: number;
}

/** What became of a failed job that was run once more. */
export type JobRerun =
  | { readonly outcome: 'completed' | 'not failed' }
  | { readonly outcome: 'failed' | 'interrupted'; readonly error: string };
