import {
  auditedFilter,
  conditionOf,
  type DeadLetterFilter,
} from '../dead-letters/filter.ts';
import { isTallied } from '../dead-letters/tally.ts';
import { bulkJob, type BulkKind } from './kinds.ts';

/** Jobs: every condition that is given must hold. */
export interface JobChoice {
  readonly queue?: string | undefined;
  readonly name?: string | undefined;
  /** Only of those that are to be cancelled. @default all three */
  readonly state?: 'scheduled' | 'pending' | 'running' | undefined;
}

/** Runs of flows; their children go with them. */
export interface FlowChoice {
  readonly flow?: string | undefined;
  /** @default of those to be retried the failed ones, of those to be cancelled what runs or is paused */
  readonly state?: 'running' | 'paused' | 'failed' | 'cancelled' | undefined;
}

/** What is to be touched, and how. */
export type BulkTarget =
  | {
      readonly kind: 'dead-letters.redrive' | 'dead-letters.resolve';
      readonly filter: DeadLetterFilter;
    }
  | { readonly kind: 'jobs.retry' | 'jobs.cancel'; readonly filter: JobChoice }
  | {
      readonly kind: 'flows.retry' | 'flows.cancel';
      readonly filter: FlowChoice;
    };

/** What a target means, in SQL. */
export interface Selection {
  /** The table whose rows are touched, with the condition; each has an `id`. */
  readonly from: string;
  /** In which order they are touched. */
  readonly order: string;
  /** What people call their kind. */
  readonly label: string;
  /** Where the rows of each label are counted, and by which aggregate. */
  readonly counted: { readonly from: string; readonly items: string };
  readonly parameters: readonly unknown[];
  /** The filter for the audit log: without what people wrote. */
  readonly audited: Readonly<Record<string, unknown>>;
}

const deadLetters = (
  given: DeadLetterFilter,
  audited: Readonly<Record<string, unknown>>,
): Selection => {
  const filter: DeadLetterFilter = { ...given, state: 'open' };
  const { sql, parameters } = conditionOf(filter);
  const from = `dead_letter where ${sql}`;
  return {
    from,
    order: 'publish_time nulls last, id',
    label: `subscription || ' ' || fingerprint`,
    counted: isTallied(filter)
      ? { from: `dead_letter_tally where ${sql}`, items: 'sum(entries)' }
      : { from, items: 'count(*)' },
    parameters,
    audited,
  };
};

/** What stands at the desk is what has failed: a job is run again as its entry is redriven. */
const failedJobs = ({ queue, name }: JobChoice): Selection =>
  deadLetters(
    { source: 'job', subscription: queue, topic: name },
    { queue, name },
  );

const openJobs = ({ queue, name, state }: JobChoice): Selection => {
  // Those of flows are cancelled with their run, and those of actions with their action.
  const from = `job
    where state = any($1) and ($2::text is null or queue = $2) and ($3::text is null or name = $3)
      and cancelled_at is null and name not like 'flow %' and name <> '${bulkJob}'`;
  return {
    from,
    order: 'created_at, id',
    label: `queue || ' ' || name`,
    counted: { from, items: 'count(*)' },
    parameters: [
      state ? [state] : ['scheduled', 'pending', 'running'],
      queue ?? null,
      name ?? null,
    ],
    audited: { queue, name, state },
  };
};

const runs = (
  { flow, state }: FlowChoice,
  usual: readonly string[],
): Selection => {
  const from = `flow_run
    where state = any($1) and ($2::text is null or flow = $2) and parent_run is null`;
  return {
    from,
    order: 'created_at, id',
    label: 'flow',
    counted: { from, items: 'count(*)' },
    parameters: [state ? [state] : usual, flow ?? null],
    audited: { flow, state },
  };
};

export const selectionOf = (target: BulkTarget): Selection => {
  switch (target.kind) {
    case 'dead-letters.redrive':
    case 'dead-letters.resolve':
      return deadLetters(target.filter, auditedFilter(target.filter));
    case 'jobs.retry':
      return failedJobs(target.filter);
    case 'jobs.cancel':
      return openJobs(target.filter);
    case 'flows.retry':
      return runs(target.filter, ['failed']);
    case 'flows.cancel':
      return runs(target.filter, ['running', 'paused']);
  }
};

/** States in which a run can be meant by an action. */
export const statesOf: Readonly<
  Record<Extract<BulkKind, `flows.${string}`>, readonly string[]>
> = {
  'flows.retry': ['failed', 'cancelled'],
  'flows.cancel': ['running', 'paused'],
};
