import type { DataSource, EntityManager } from 'typeorm';

import { enqueue, jobRecord } from '../../jobs/store/enqueue.ts';
import { lookUp } from '../../jobs/store/look-up.ts';
import { prepared } from '../../jobs/store/prepared.ts';
import { completeSql } from '../../jobs/store/settle-completed.ts';
import { claimItemsStatement, claimStatement } from './claim-sql.ts';
import type {
  ClaimedTask,
  Delivery,
  FlowBackend,
  Follower,
  TaskEnd,
  TaskSettled,
} from './port.ts';
import {
  followStatement,
  settleItemStatement,
  settleStatement,
} from './settle-sql.ts';

interface ClaimedRow {
  readonly place: number;
  readonly step: string;
  readonly item: unknown;
  readonly due_at: Date | null;
  readonly is_due: boolean | null;
  readonly run_id: string;
  readonly flow: string;
  readonly version: number;
  readonly plan_id: string;
  readonly cause: string | null;
  readonly traceparent: string | null;
  readonly has_known: boolean;
  readonly input: unknown;
  readonly outputs: Record<string, unknown> | null;
  readonly too_large: { readonly step: string; readonly bytes: number } | null;
}

const claim = async (
  manager: EntityManager,
  deliveries: readonly Delivery[],
): Promise<(ClaimedTask | undefined)[]> => {
  const statement = deliveries.every(({ idx }) => idx >= 1)
    ? claimItemsStatement
    : claimStatement;
  const rows = await prepared<ClaimedRow>(manager, statement, [
    deliveries.map(({ run }) => run),
    deliveries.map(({ step }) => step),
    deliveries.map(({ idx }) => idx),
    deliveries.map(({ claim: { id } }) => id),
    deliveries.map(({ claim: { fence } }) => fence),
    deliveries.map(({ attempt }) => attempt),
  ]);
  const known = new Map(
    rows
      .filter((row) => row.has_known)
      .map((row) => [`${row.run_id} ${row.step}`, row]),
  );
  const claimed = new Map(rows.map((row) => [row.place, row]));
  return deliveries.map((delivery, place) => {
    const row = claimed.get(place);
    if (!row) return undefined;
    const shared = known.get(`${row.run_id} ${row.step}`);
    return {
      ...delivery,
      flow: row.flow,
      version: row.version,
      planId: row.plan_id,
      input: shared?.input ?? null,
      outputs: shared?.outputs ?? {},
      tooLarge: row.too_large ?? undefined,
      item: row.item,
      dueAt: row.due_at ?? undefined,
      isDue: row.is_due ?? false,
      cause: row.cause ?? undefined,
      traceparent: row.traceparent ?? undefined,
    };
  });
};

const followerRecords = (followers: readonly Follower[]): string =>
  JSON.stringify(
    followers.map(({ job, ...follower }, place) => ({
      ...follower,
      job: jobRecord(job, place),
    })),
  );

const settle = async (
  manager: EntityManager,
  ends: readonly TaskEnd[],
  followers: readonly Follower[],
): Promise<TaskSettled[]> => {
  const rows = await prepared<{ place: number }>(manager, settleStatement, [
    // Outputs are JSON already; they are not read and written again.
    `[${ends
      .map(
        (
          { run, step, idx, claim: { id, fence }, state, output, error },
          place,
        ) =>
          `${JSON.stringify({ place, run, step, idx, id, fence, state, error }).slice(0, -1)},"output":${output ?? 'null'}}`,
      )
      .join(',')}]`,
    followerRecords(followers),
  ]);
  const settled = new Set(rows.map(({ place }) => place));
  return ends.map((_, place) => (settled.has(place) ? 'settled' : 'lost'));
};

const follow = async (
  manager: EntityManager,
  { run, step }: { readonly run: string; readonly step: string },
  followers: readonly Follower[],
): Promise<void> => {
  await prepared(manager, followStatement, [
    run,
    followerRecords(followers),
    step,
  ]);
};

const settleItem = async (
  manager: EntityManager,
  { run, step, idx, claim: { id, fence }, output }: TaskEnd,
  followers: () => readonly Follower[],
): Promise<TaskSettled> => {
  const [settled] = await prepared<{ has_ended: boolean }>(
    manager,
    settleItemStatement,
    [run, step, idx, id, fence, output ?? 'null'],
  );
  if (!settled) return 'lost';
  if (settled.has_ended) await follow(manager, { run, step }, followers());
  return 'settled';
};

const ackStatement = `
  with given as (
    select id, fence, null::text as result from unnest($1::uuid[], $2::int[]) as entry (id, fence)
    where ${lookUp('fence')}
  ), ${completeSql('given', 'true')}
  select count(*) from gone`;

/** Keeps flows in their tables and hands them out as jobs. @param con for claims and ends */
export const createPostgresBackend = (con: DataSource): FlowBackend => ({
  ack: async (deliveries, manager = con.manager) => {
    await prepared(manager, ackStatement, [
      deliveries.map(({ claim: { id } }) => id),
      deliveries.map(({ claim: { fence } }) => fence),
    ]);
  },
  claim: (deliveries) => claim(con.manager, deliveries),
  enqueue: async (manager, jobs) => {
    await enqueue(manager, jobs);
  },
  follow: (step, followers, manager) => follow(manager, step, followers),
  settle: (ends, followers, manager = con.manager) =>
    settle(manager, ends, followers),
  settleItem: (end, followers, manager) => settleItem(manager, end, followers),
});
