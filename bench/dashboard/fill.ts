import type { DataSource } from 'typeorm';

import { publication } from '../../src/flows/definitions/publication/flow.ts';
import { startFlow } from '../../src/flows/index.ts';
import { causality } from './fill-causality.ts';

/** Rows of each kind. */
export interface Sizes {
  readonly archived: number;
  readonly deadLetters: number;
  readonly runs: number;
}

/** Jobs that wait, and rows of the tables beside: as many as a busy installation has. */
const beside = {
  pending: 2_000,
  users: 1_000,
  connections: 5_000,
  endpoints: 1_000,
  deliveries: 200_000,
  exports: 20_000,
  audited: 50_000,
  bulkActions: 2_000,
  bulkItems: 20_000,
};

/** Days back to which the archive reaches; a tenth of it is of the last hour. */
const days = 60;

/** A moment of the past: a tenth within the last hour, the others over the days before. `r` is 0 to 1. */
const moment = (r: string, spread: number = days): string =>
  `now() - case when ${r} < 0.1 then ${r} * 10 * interval '1 hour' else ${r} * interval '${spread} days' end`;

/** One of a list of SQL texts, the first ones the most often. `r` is 0 to 1. */
const oneOf = (values: readonly string[], r: string): string =>
  `(array[${values.map((value) => `'${value}'`).join(', ')}])[1 + floor(${values.length} * ${r} * ${r})::int]`;

/** Queues with their jobs: common ones first, the last ones rare. */
const work = [
  ['sync', 'sync-connection'],
  ['webhook-delivery', 'deliver-webhook'],
  ['email-sending', 'send-email'],
  ['default', 'generate-digests'],
  ['cache-warming', 'warm-trending-posts'],
  ['export-generation', 'generate-export'],
  ['reconciliation', 'reconcile-counters'],
] as const;

const archive = `
  insert into jobs_completed (id, queue, name, state, priority, tenant, key, payload, result, error, attempt,
    attempts, worker, created_at, run_at, started_at, finished_at)
  select gen_random_uuid(), case when i % 5000 = 0 then 'rare' else split_part(what, ' ', 1) end, split_part(what, ' ', 2),
    case when failed then 'failed' else 'completed' end, 1, 'tenant-' || (i % 200), null,
    jsonb_build_object('connectionId', md5(i::text), 'attempt', i % 5), jsonb_build_object('posts', i % 30),
    case when failed then 'Error: the feed answered 500' end, 1 + i % 3, 5, 'host-' || i % 4, at - interval '2 s',
    at - interval '1 s', at - interval '0.2 s', at
  from (
    select i, ${moment('r1')} as at, ${oneOf(
      work.map((pair) => pair.join(' ')),
      'r2',
    )} as what, r3 < 0.03 as failed
    from (select i, random() as r1, random() as r2, random() as r3 from generate_series($1::int, $2::int) as i) as drawn
  ) as made`;

const pending = `
  insert into job (id, queue, name, state, rank, priority, turn, payload, attempts, backoff, timeout_seconds,
    created_at, run_at, failed_at)
  select gen_random_uuid(), split_part(what, ' ', 1), split_part(what, ' ', 2), state, 1, 1, i, '{}', 5,
    '{"type": "exponential", "seconds": 1}', 60, now() - i * interval '1 s',
    case state when 'scheduled' then now() + i * interval '1 min' else now() - i * interval '1 s' end,
    case state when 'failed' then now() - i * interval '1 s' end
  from (
    select i, ${oneOf(
      work.map((pair) => pair.join(' ')),
      'random()',
    )} as what, ${oneOf(['pending', 'scheduled', 'failed'], 'random()')} as state
    from generate_series(1, ${beside.pending}) as i
  ) as made`;

const subscriptions = [
  'api.comment-markdown',
  'api.article-upvote',
  'api.post-views',
  'api.crm-contact',
  'api.post-search',
  'api.user-digest',
  'api-cdc',
  'api.reputation',
];

/** A few faults have most entries; two hundred have some. */
const deadLetters = `
  insert into dead_letter (id, source, subscription, topic, identity, event_id, message_id, publish_time, payload,
    document, attributes, error, error_stack, fingerprint, attempts, state, state_changed_at, state_changed_by,
    state_reason, redrives, first_seen_at, last_seen_at)
  select uuidv7(at - now()), case when i % 50 = 0 then 'job' when i % 997 = 0 then 'cdc' else 'pubsub' end,
    case when i % 5000 = 0 then 'api.rare' else subscription end, case subscription when 'api.comment-markdown' then 'comment-changed' else subscription || '-topic' end, i::text, 'event-' || i,
    i::text, at, convert_to(document::text, 'UTF8'), document, '{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}',
    'Error: no space left for fault ' || fault, repeat('    at handler (src/workers/fault.ts:1:1)' || chr(10), 8),
    left(md5('fault ' || fault), 12), 1 + i % 9, state, case when state <> 'open' then at + interval '1 h' end,
    case when state <> 'open' then 'ana' end, null, case state when 'redriven' then 1 else 0 end, at, at + interval '1 min'
  from (
    select i, ${moment('(1 - i::float8 / ($2::int)::float8)', 30)} as at, ${oneOf(subscriptions, 'r1')} as subscription,
      floor(200 * r2 * r2 * r2)::int as fault, ${oneOf(['open', 'resolved', 'redriven'], 'r3')} as state,
      jsonb_build_object('userId', 'user-' || (i % 5000), 'kind', case when i % 2 = 0 then 'even' else 'odd' end,
        'postId', md5(i::text), 'changed', jsonb_build_array('name', 'title'), 'text', repeat('a line of text ', 20)) as document
    from (select i, random() as r1, random() as r2, random() as r3 from generate_series($1::int, $2::int) as i) as drawn
  ) as made`;

const runStates = ['completed', 'running', 'failed', 'paused', 'cancelled'];

/** Copies of one real run, each with its steps, tasks and events. */
const runs = [
  `create temporary table copy as
     select i, uuidv7(at - now()) as id, at, ${oneOf(runStates, 'r2')} as state
     from (select i, ${moment('r1', 30)} as at, random() as r2 from (
       select i, random() as r1 from generate_series(1, $1::int) as i) as drawn) as made`,
  `insert into flow_run (id, flow, version, plan_id, key, state, input, pending, reason, created_at, ended_at)
     select copy.id, case when copy.i % 3 = 0 then 'reconciliation' when copy.i % 1000 = 0 then 'rare' else run.flow end, run.version, run.plan_id, 'copy ' || copy.i,
       copy.state, run.input, run.pending, case when copy.state = 'failed' then 'the step announce failed' end, copy.at,
       case when copy.state in ('completed', 'failed', 'cancelled') then copy.at + interval '5 min' end
     from flow_run run cross join copy where run.id = $1`,
  `insert into flow_step (run_id, name, position, kind, deps, last, state, waiting_on, pending_tasks, started_at, ended_at)
     select copy.id, name, position, kind, deps, last, case copy.state when 'completed' then 'completed' else step.state end,
       case copy.state when 'completed' then 0 else waiting_on end, pending_tasks, copy.at,
       case copy.state when 'completed' then copy.at + interval '5 min' end
     from flow_step step cross join copy where step.run_id = $1`,
  `insert into flow_task (run_id, step, idx, state, job_id, attempt, created_at, started_at, ended_at)
     select copy.id, step, idx, case copy.state when 'completed' then 'completed' else task.state end,
       gen_random_uuid(), attempt, copy.at, copy.at, case copy.state when 'completed' then copy.at + interval '5 min' end
     from flow_task task cross join copy where task.run_id = $1`,
  `insert into flow_event (run_id, at, type, step, idx, detail)
     select copy.id, copy.at + tick * interval '1 s', 'step-completed', 'load', 0, '{"attempt": 1}'
     from copy cross join generate_series(1, 8) as tick where $1::uuid is not null`,
];

const others = [
  `insert into "user" (id, username, name, email)
     select gen_random_uuid(), 'user-' || i, 'User ' || i, 'user-' || i || '@example.com' from generate_series(1, ${beside.users}) as i`,
  `insert into source (id, handle, name) select gen_random_uuid(), 'source', 'Source'`,
  `insert into connection (id, source_id, author_id, url, last_attempted_at, last_synced_at, last_error, consecutive_failures, created_at)
     select uuidv7(at - now()), source.id, author.id, 'https://example.com/feed/' || i, at, at,
       case when i % 20 = 0 then 'HttpError: 503' end, case when i % 20 = 0 then 3 else 0 end, at
     from (select i, ${moment('random()')} as at from generate_series(1, ${beside.connections}) as i) as made
     cross join source cross join (select id from "user" limit 1) as author`,
  `insert into webhook_endpoint (id, user_id, url, secret, enabled, created_at)
     select uuidv7(i * interval '-1 min'), owner.id, 'https://example.com/hook/' || i, 'whsec_' || md5(i::text), i % 30 > 0, now() - i * interval '1 min'
     from generate_series(1, ${beside.endpoints}) as i cross join (select id from "user" limit 1) as owner`,
  `insert into webhook_deliveries (id, endpoint_id, event_type, event_id, payload, state, attempts, response_status, error,
       created_at, last_attempted_at, settled_at)
     select uuidv7(at - now()), endpoint.id, 'post.published', 'event-' || i, '{}', state, 1 + i % 5,
       case state when 'delivered' then 200 else 500 end, case state when 'failed' then 'HttpError: 500' end, at, at,
       case when state <> 'pending' then at end
     from (select i, ${moment('random()', 30)} as at, ${oneOf(['delivered', 'failed', 'pending'], 'random()')} as state
       from generate_series(1, ${beside.deliveries}) as i) as made
     join (select id, row_number() over () as number from webhook_endpoint) as endpoint
       on endpoint.number = 1 + made.i % ${beside.endpoints}`,
  `insert into export (id, user_id, kind, format, state, object_key, rows, bytes, requested_at, finished_at)
     select uuidv7(at - now()), owner.id, 'comments', 'csv', ${oneOf(['ready', 'failed', 'running', 'requested'], 'random()')}, 'exports/' || i, 100, 10000, at, at
     from (select i, ${moment('random()')} as at from generate_series(1, ${beside.exports}) as i) as made
     cross join (select id from "user" limit 1) as owner`,
  `insert into bulk_action (id, kind, filter, actor, reason, rate, state, total, done, created_at, ended_at)
     select uuidv7(at - now()), 'dead-letters.resolve', '{}', 'ana', 'of no use', 50, 'completed', ${beside.bulkItems}, ${beside.bulkItems}, at, at
     from (select ${moment('random()')} as at from generate_series(1, ${beside.bulkActions}) as i) as made`,
  `insert into bulk_item (action_id, position, item, outcome, detail)
     select action.id, i, gen_random_uuid(), case when i % 10 = 0 then 'failed' else 'done' end, case when i % 10 = 0 then 'Error: 500' end
     from generate_series(1, ${beside.bulkItems}) as i cross join (select id from bulk_action limit 1) as action`,
  `insert into audit_log (id, operation, action, actor, filter, counts, created_at)
     select uuidv7(at - now()), gen_random_uuid(), 'dead-letters.redrive', 'ana', '{}', '{"redriven": 1}', at
     from (select ${moment('random()')} as at from generate_series(1, ${beside.audited}) as i) as made`,
];

const ranges = (count: number, size: number): (readonly [number, number])[] =>
  Array.from({ length: Math.ceil(count / size) }, (_, index) => [
    index * size + 1,
    Math.min(count, (index + 1) * size),
  ]);

/** Fills an empty, migrated database; says after each part how far it is. */
export const fill = async (
  con: DataSource,
  sizes: Sizes,
  say: (line: string) => void,
): Promise<void> => {
  await con.query(`select setseed(0.5)`);
  await con.transaction(async (manager) => {
    await manager.query('set local synchronous_commit = off');
    for (const [from, to] of ranges(sizes.archived, 250_000))
      await manager.query(archive, [from, to]);
    await manager.query(pending);
    say(`${sizes.archived} archived jobs`);
    for (const [from, to] of ranges(sizes.deadLetters, sizes.deadLetters))
      await manager.query(deadLetters, [from, to]);
    say(`${sizes.deadLetters} dead letters`);
    const { id } = await startFlow(
      publication,
      { postId: '019427be-c000-7d9b-a98f-2dc78456a524' },
      { manager },
    );
    for (const [index, statement] of runs.entries())
      await manager.query(statement, [index === 0 ? sizes.runs : id]);
    say(`${sizes.runs} runs of flows`);
    for (const statement of [...others, ...causality])
      await manager.query(statement);
  });
  await con.query('vacuum (analyze)');
};

/** What eight processes would have told of themselves in the last quarter of an hour. */
export const tellOfProcesses = async (con: DataSource): Promise<void> => {
  const buckets = `jsonb_build_object('0.01', 90, '0.1', 30, '1', 5, '+Inf', 1)`;
  const both = `jsonb_build_object('messages', ${buckets}, 'jobs', ${buckets})`;
  await con.query('delete from process_report');
  await con.query(`
    with report as (
      insert into process_report (id, name, host, pid, started_at, seen_at)
      select gen_random_uuid(), 'nightshift-background', 'host-' || i, i, now() - interval '1 day', now() + interval '1 hour'
      from generate_series(1, 8) as i returning id
    )
    insert into process_sample (process_id, at, seconds, counts, waited, ran)
    select id, now() - i * interval '5 s', 5,
      '{"messages": 500, "messagesFailed": 2, "jobs": 80, "jobsFailed": 1, "requests": 0}', ${both}, ${both}
    from report cross join generate_series(0, 180) as i`);
};
