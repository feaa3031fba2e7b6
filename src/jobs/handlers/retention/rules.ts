import { runRowsSql } from '../../../dead-letters/run-rows.ts';

/** What becomes too old in a table. `$1` is the cutoff; in `delete`, `$2` is how many rows at most. */
export interface RetentionRule {
  readonly table: string;
  /** Counts rows that are too old: one row with one column, `rows`. */
  readonly count: string;
  /** Deletes some of them: one row with one column, `rows`. */
  readonly delete: string;
}

interface Simple {
  readonly table: string;
  /** Which of the rows `old` are too old; by an index, as far as there may be many. */
  readonly condition: string;
  readonly order: string;
}

/** Rows that somebody holds a lock on are left for the next run. */
const chosen = ({ table, condition, order }: Simple): string => `
  select old.ctid from ${table} old where ${condition} order by ${order} limit $2 for update skip locked`;

const simple = (rule: Simple): RetentionRule => ({
  table: rule.table,
  count: `select count(*)::int as rows from ${rule.table} old where ${rule.condition}`,
  delete: `
    with deleted as (
      delete from ${rule.table} where ctid = any(array(${chosen(rule)})) returning 1
    ) select count(*)::int as rows from deleted`,
});

const byTime = (table: string, column: string): RetentionRule =>
  simple({
    table,
    condition: `old.${column} < $1`,
    order: `old.${column}`,
  });

/** Resolved or redriven; an open entry waits for its operator, however old it is. */
const settled = 'coalesce(old.state_changed_at, old.last_seen_at)';

const archive: Simple = {
  table: 'jobs_completed',
  // A job that failed for good may still be run again while its entry at the desk is open.
  condition: `old.finished_at < $1 and (old.state <> 'failed' or not exists (
    select from dead_letter where source = 'job' and state = 'open'
       and old.id::text in (identity, event_id, message_id)))`,
  order: 'old.finished_at',
};

const flows: Simple = {
  table: 'flow_run',
  // A failed one may still be retried while its entry at the desk is open, and asks its children then.
  condition: `old.ended_at < $1
    and not exists (select from flow_run parent where parent.id = old.parent_run)
    and not exists (
      select from dead_letter where source = 'flow' and state = 'open' and event_id = old.id::text)`,
  order: 'old.ended_at',
};

/** What retention deletes from tables, in this order: what points to something goes before it. */
export const retentionRules: readonly RetentionRule[] = [
  {
    table: 'audit_log',
    count: 'select count(*)::int as rows from audit_log where created_at < $1',
    // Nothing else may delete there.
    delete: 'select delete_old_audit_log($1, $2) as rows',
  },
  byTime('sent_message', 'created_at'),
  byTime('user_notification', 'created_at'),
  simple({
    table: 'notification_v2',
    // Of a notification that somebody still has, nothing goes.
    condition: `old.created_at < $1 and not exists (
      select from user_notification where notification_id = old.id)`,
    order: 'old.created_at',
  }),
  {
    ...simple(archive),
    delete: `
      with deleted as (
        delete from jobs_completed where ctid = any(array(${chosen(archive)})) returning id
      ), attempts as (
        delete from job_attempt using deleted where job_attempt.job_id = deleted.id
      ) select count(*)::int as rows from deleted`,
  },
  simple({
    table: 'dead_letter',
    condition: `old.state <> 'open' and ${settled} < $1`,
    order: settled,
  }),
  // A run with all that it did. A child goes with whoever waited for it.
  {
    ...simple(flows),
    delete: `
      with deleted as (
        delete from flow_run where ctid = any(array(${chosen(flows)})) returning id
      ), ${runRowsSql('deleted')} select count(*)::int as rows from deleted`,
  },
  simple({
    table: 'flow_plan',
    condition: `old.created_at < $1 and not exists (select from flow_run where plan_id = old.id)`,
    order: 'old.created_at',
  }),
  // With its things.
  byTime('bulk_action', 'ended_at'),
  byTime('reconciliation_report', 'started_at'),
  // One that is pending has not been settled, however old it is.
  byTime('webhook_deliveries', 'settled_at'),
];
