import { JobNames } from '../../jobs/declarations.ts';
import { stuckAfter } from '../../jobs/operate/trouble.ts';
import type { Check, Finding } from '../check.ts';
import { counted, roughAge } from '../text.ts';

/** Seconds that a due job may wait before somebody should know why. */
const patience = 60;

/** Lines of one kind. */
const shown = 10;

type Query = Parameters<Check['run']>[0]['query'];

/** Jobs that are due and that nobody begins, queue by queue, and why. */
const waiting = async (query: Query): Promise<Finding[]> => {
  const rows = await query<{
    queue: string;
    count: number;
    age: number;
    paused: string | null;
    running: number;
  }>(
    `select queue, count(*)::int as count, extract(epoch from now() - min(run_at))::float8 as age,
            (select coalesce(paused_by, 'somebody') from job_queue
              where name = queue and paused_at is not null) as paused,
            (select count(*)::int from job as other
              where other.queue = job.queue and other.state = 'running') as running
       from job
      where state = 'pending' and run_at < now() - make_interval(secs => $1)
      group by queue order by age desc limit $2`,
    [patience, shown],
  );
  return rows.map(({ queue, count, age, paused, running }) => {
    const message = `Queue ${queue} has ${counted(count, 'due job')} that nobody begins, the oldest for ${roughAge(age)}`;
    if (paused !== null)
      return {
        level: 'warning',
        message: `${message}: it was paused by ${paused}.`,
        remedy: `nightshift queues resume ${queue}`,
      };
    return running > 0
      ? {
          level: 'warning',
          message: `${message}; ${counted(running, 'job')} of it ${running === 1 ? 'is' : 'are'} running.`,
          remedy: `run more of nightshift jobs --queue ${queue}, or raise its concurrency, caps or rates in src/jobs/queues.ts`,
        }
      : {
          level: 'broken',
          message: `${message}, and none of it is running.`,
          remedy: `start nightshift background or nightshift jobs; is the queue blocked? nightshift queues`,
        };
  });
};

const stuck = async (query: Query): Promise<Finding[]> => {
  const rows = await query<{
    id: string;
    name: string;
    queue: string;
    worker: string;
    seconds: number;
  }>(
    `select id, name, queue, worker, extract(epoch from now() - started_at)::float8 as seconds from job
      where state = 'running' and started_at < now() - make_interval(secs => timeout_seconds + $1)
      order by started_at limit $2`,
    [stuckAfter, shown],
  );
  return rows.map(({ id, name, queue, worker, seconds }) => ({
    level: 'broken',
    message: `Job ${name} ${id} of queue ${queue} has run for ${roughAge(seconds)} on ${worker}, longer than it may.`,
    remedy: `look at that process (host/pid/…), and restart it: the job is taken over ten seconds later`,
  }));
};

const blocked = async (query: Query): Promise<Finding[]> => {
  const rows = await query<{
    queue: string;
    lane: string;
    id: string;
    behind: number;
  }>(
    `select queue, lane, id, (
       select count(*)::int from job as behind
        where behind.queue = job.queue and behind.lane = job.lane
          and behind.sequence > job.sequence and behind.state <> 'failed') as behind
       from job
      where state = 'failed' and lane is not null and exists (
        select from dead_letter where source = 'job' and subscription = job.queue
           and identity = job.id::text and dead_letter.state = 'open')
      order by failed_at limit $1`,
    [shown],
  );
  return rows
    .filter(({ behind }) => behind > 0)
    .map(({ queue, lane, id, behind }) => ({
      level: 'warning',
      message: `${counted(behind, 'job')} of queue ${queue}${lane === '' ? '' : ` (key ${lane})`} may wait behind job ${id}, which failed for good.`,
      remedy: `nightshift dead-letters redrive --source job --subscription ${queue}, or resolve it there`,
    }));
};

const unknown = async (query: Query): Promise<Finding[]> => {
  const rows = await query<{ name: string; count: number }>(
    `select name, count(*)::int as count from job
      where state in ('pending', 'scheduled') and name <> all($1) and name not like 'flow %' group by name order by 2 desc limit $2`,
    [JobNames, shown],
  );
  return rows.map(({ name, count }) => ({
    level: 'note',
    message: `${counted(count, 'job')} of the name ${name} ${count === 1 ? 'waits' : 'wait'}, which this version does not declare; a PrioritizedQueue or another version may run ${count === 1 ? 'it' : 'them'}.`,
  }));
};

/** Due jobs begin, running jobs end, and no key waits for an operator. */
export const jobsCheck: Check = {
  name: 'jobs',
  needs: ['database'],
  run: async ({ query }) => {
    const findings = (
      await Promise.all([
        waiting(query),
        stuck(query),
        blocked(query),
        unknown(query),
      ])
    ).flat();
    return findings.length > 0
      ? findings
      : [{ level: 'ok', message: 'Due jobs begin and running jobs end.' }];
  },
};
