import {
  resolveSubscription,
  servedSubscriptions,
} from '../../.infra/common.ts';
import { config } from '../config.ts';

const DAY = 86_400_000;

/** Days that an event's row stays after it was published, to be published again if a slot is lost. */
const OUTBOX_DAYS = 7;

/** Days that somebody may take to redrive what stands at the dead-letter desk. */
const DESK_DAYS = 31;

/** Longest time that a broker may keep a message before it comes again, in milliseconds. */
const longestRetention = Math.max(
  ...servedSubscriptions.map(
    (declaration) =>
      1_000 *
      Number.parseFloat(
        resolveSubscription(declaration).messageRetentionDuration,
      ),
  ),
);

/** Read when it is asked for: the environment is not needed to know the other rules. */
const causalityAge = (): number => config().CAUSALITY_RETENTION_DAYS * DAY;

/** What becomes too old in a table. */
export interface RetentionRule {
  readonly table:
    'outbox' | 'inbox' | 'delivery_failure' | 'delivery' | 'row_change';
  readonly column:
    | 'created_at'
    | 'received_at'
    | 'last_failed_at'
    | 'finished_at'
    | 'committed_at';
  /** Milliseconds. */
  readonly age: number;
  /** Rows that a new slot would be filled from are kept while there is none that is healthy. */
  readonly needsSlot: boolean;
}

/**
 * The inbox outlives everything by which a message may come again: the broker's retention and the
 * dead-letter desk.
 */
export const retentionRules: readonly RetentionRule[] = [
  {
    table: 'outbox',
    column: 'created_at',
    age: OUTBOX_DAYS * DAY,
    needsSlot: true,
  },
  {
    table: 'inbox',
    column: 'received_at',
    age: longestRetention + DESK_DAYS * DAY,
    needsSlot: false,
  },
  {
    table: 'delivery_failure',
    column: 'last_failed_at',
    age: longestRetention + DESK_DAYS * DAY,
    needsSlot: false,
  },
  {
    table: 'delivery',
    column: 'finished_at',
    get age() {
      return causalityAge();
    },
    needsSlot: false,
  },
  {
    table: 'row_change',
    column: 'committed_at',
    get age() {
      return causalityAge();
    },
    needsSlot: false,
  },
];
