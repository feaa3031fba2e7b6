import { setTimeout as pause } from 'node:timers/promises';

import { readSlot } from '../../cdc/slot.ts';
import type { Query } from '../../schema/query.ts';
import type { Check, Finding } from '../check.ts';
import { counted, roughAge } from '../text.ts';

/** Rows looked at, newest first: the answer has to come in time from a table of any size. */
const mostRows = 10_000;

/** Milliseconds between two looks at the slot. */
const interval = 100;

/** How the streamer calls its connection (src/cdc/protocol/connection.ts). */
const streamerName = 'nightshift cdc';

interface Waiting {
  /** Behind the commit of every row that was visible. */
  readonly position: string;
  /** Rows older than the patience that may not be confirmed, as far as the slot tells. */
  readonly rows: number;
  /** Age of the oldest of them, in seconds. */
  readonly oldest: number | null;
}

interface Progress {
  readonly reached: boolean;
  readonly active: boolean;
  /** What calls itself how; null if nobody reads. */
  readonly reader: string | null;
}

/**
 * A statement's snapshot is taken before its functions run, and a commit is in the log before it is
 * visible; so every row that is seen lies before the position. Rows of transactions older than the
 * slot's `catalog_xmin` are confirmed for certain. The slot moves that horizon now and then, so that
 * a few of the others may be confirmed too.
 */
const waitingSql = `
  with newest as materialized (
    select created_at, age(xmin) as age from outbox order by created_at desc limit $3),
  waiting as materialized (
    select created_at from newest
     where created_at < now() - make_interval(secs => $2)
       and age <= (select age(catalog_xmin) from pg_replication_slots where slot_name = $1))
  select pg_current_wal_insert_lsn()::text as position,
         (select count(*)::int from waiting) as rows,
         (select extract(epoch from now() - min(created_at))::float8 from waiting) as oldest`;

const progressSql = `
  select confirmed_flush_lsn >= $2::pg_lsn as reached, active,
         (select application_name from pg_stat_activity where pid = active_pid) as reader
    from pg_replication_slots where slot_name = $1`;

/**
 * Waits until the slot has confirmed the position. An idle log has nothing behind the position that
 * its reader could confirm; an empty transaction of our own, which no reader shows to anybody, is that.
 */
const watch = async (
  query: Query,
  slot: string,
  position: string,
  seconds: number,
): Promise<Progress | undefined> => {
  await query('select pg_current_xact_id()');
  const until = performance.now() + seconds * 1_000;
  for (;;) {
    const [progress] = await query<Progress>(progressSql, [slot, position]);
    if (!progress || progress.reached || performance.now() >= until)
      return progress;
    await pause(interval);
  }
};

const behind = (
  { position, rows, oldest }: Waiting,
  { active, reader }: Progress,
  slot: string,
  { patience, waited }: { patience: number; waited: number },
): Finding => {
  const events =
    `up to ${rows >= mostRows ? `${mostRows} or more events` : counted(rows, 'event')} of the outbox, ` +
    `the oldest ${roughAge(oldest ?? 0)} old`;
  if (!active)
    return {
      level: 'broken',
      message: `Nobody publishes the outbox, because nobody reads replication slot ${slot}: ${events}, wait.`,
      remedy:
        'start the streamer (locally: npx pnpm dev:background) or Debezium Server',
    };
  const message = `Replication has not reached position ${position} within ${counted(waited, 'second')}: ${events}, may not be published.`;
  if (reader !== streamerName)
    return {
      level: 'warning',
      message,
      remedy:
        `look in the log of ${reader || 'whoever streams'}; Debezium confirms what is not its own only ` +
        'with heartbeat.interval.ms, and may be well without',
    };
  return waited >= patience
    ? {
        level: 'broken',
        message,
        remedy:
          'look for refused publishes in the log of the process that streams; a missing topic is made by nightshift provision',
      }
    : {
        level: 'warning',
        message,
        remedy: `nightshift doctor --wait ${patience} tells whether they wait for longer than that`,
      };
};

/**
 * Replication reaches every event of the outbox in time. A row does not know its position in the
 * log; so a position is taken behind every visible row, and the slot has to confirm it.
 *
 * @param patience seconds in which an event has to be published. @default 60
 */
export const replicationReachCheck = (patience = 60): Check => ({
  name: 'outbox replication',
  needs: ['database'],
  waits: true,
  run: async ({ query, slot, waitSeconds }) => {
    const state = await readSlot(query, slot);
    if (
      !state ||
      state.database !== state.currentDatabase ||
      state.walStatus === 'lost'
    )
      return [
        {
          level: 'note',
          message: `Not checked, because replication slot ${slot} cannot be read; see slot.`,
        },
      ];
    const [waiting] = await query<Waiting>(waitingSql, [
      slot,
      patience,
      mostRows,
    ]);
    if (!waiting) return [];
    const progress = await watch(query, slot, waiting.position, waitSeconds);
    if (progress?.reached)
      return [
        {
          level: 'ok',
          message:
            'Replication has passed every event that stood in the outbox.',
        },
      ];
    if (progress && waiting.rows > 0)
      return [
        behind(waiting, progress, slot, { patience, waited: waitSeconds }),
      ];
    return [
      {
        level: 'note',
        message: `Replication has not reached position ${waiting.position}, but no event older than ${counted(patience, 'second')} waits for it.`,
      },
    ];
  },
});
