import type { DataSource } from 'typeorm';

import { warm, type Warmed } from './warm.ts';

const hour = 3_600;
/** Days that are counted, today among them. */
const days = 8;

/** What is counted: its name, and when each one came. */
const sources = [
  ['users', '"user"', 'created_at', 'true'],
  ['posts', 'post', 'created_at', 'true'],
  ['comments', 'comment', 'created_at', 'true'],
  ['upvotes', 'post_vote', 'voted_at', 'vote = 1'],
  ['views', 'post_view', 'viewed_at', 'true'],
] as const;

/** Midnight in UTC, `$3` days with today ago. */
const start = `(date_trunc('day', now(), 'UTC') - make_interval(days => $3 - 1))`;

const perDay = sources
  .map(
    ([name, table, column, condition]) =>
      `select '${name}' as name, date_trunc('day', ${column}, 'UTC') as day, count(*)::int as count,
              max(${column}) as newest
         from ${table} where ${column} >= ${start} and ${condition} group by 2`,
  )
  .join('\n union all ');

const names = sources.map(([name]) => `'${name}'`).join(', ');

/** Counts what people did on each of the last days, and what waits. Stale after two hours; computed every hour. */
export const warmKpiHealth = (con: DataSource): Promise<Warmed> =>
  warm(con, {
    key: 'kpi-health',
    lifetime: 2 * hour,
    parameters: [days],
    sql: `
      with counted as (${perDay}),
      calendar as (
        select name, ordinality, ${start} + make_interval(days => back) as day, $3 - 1 - back as age
          from unnest(array[${names}]) with ordinality as known (name, ordinality),
               generate_series(0, $3 - 1) as back
      ), daily as (
        select name, ordinality, calendar.day, age, coalesce(count, 0) as count, newest
          from calendar left join counted using (name, day)
      ), kpi as (
        select name, ordinality, max(newest) as newest,
               coalesce(avg(count) filter (where age >= 2), 0) as typical,
               coalesce(sum(count) filter (where age = 1), 0) as yesterday,
               jsonb_agg(jsonb_build_object(
                 'day', to_char(day at time zone 'UTC', 'YYYY-MM-DD'), 'count', count) order by day) as days
          from daily group by name, ordinality
      )
      select jsonb_build_object(
        'kpis', (select jsonb_agg(jsonb_build_object(
            'name', name,
            'state', case
              when newest is null or newest < now() - interval '24 hours' then 'silent'
              when typical >= 10 and yesterday < typical / 2 then 'low'
              else 'ok' end,
            'newestAt', to_char(newest at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'typical', round(typical, 2),
            'days', days) order by ordinality) from kpi),
        'waiting', jsonb_build_object(
          'outboxOldest', (select extract(epoch from now() - min(created_at))::int from outbox),
          'deadLettersOpen', (select count(*) from dead_letter where state = 'open'),
          'deadLettersOldest',
            (select extract(epoch from now() - min(first_seen_at))::int from dead_letter where state = 'open'),
          'jobsDue', (select count(*) from job where state = 'pending' and run_at <= now()),
          'jobsOldestDue', (select extract(epoch from now() - min(run_at))::int
                              from job where state = 'pending' and run_at <= now())
        )) as value`,
  });
