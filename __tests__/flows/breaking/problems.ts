import { brokenCounters, describeRun } from '../../../src/flows/index.ts';
import { testConnection } from '../../setup/use-test-database.ts';
import type { Scenario } from './scenarios.ts';
import { sql, stateOf, type World } from './world.ts';

/** Everything that is wrong with how a run ended. */
export const problemsOf = async (
  world: World,
  scenario: Scenario,
  calls: readonly string[],
): Promise<unknown[]> => {
  const {
    state = 'completed',
    effects = 0,
    failures = 0,
    mayFail = false,
    isAgain = false,
  } = scenario;
  const problems: unknown[] = [
    ...(await brokenCounters(testConnection().manager)),
  ];
  const found = await stateOf(world);
  if (found !== state)
    problems.push({
      found,
      steps: (await describeRun(testConnection().manager, world.id))?.steps,
    });
  const sorted = calls.toSorted();
  if (JSON.stringify(sorted) !== JSON.stringify(scenario.calls))
    problems.push({ calls: sorted });
  const runs = (
    await sql<{ id: string }>(
      'select id from flow_run where version = $1 and flow = any($2)',
      [world.version, world.flows.map(({ name }) => name)],
    )
  ).map(({ id }) => id);
  if (runs.length !== world.flows.length + (isAgain ? 1 : 0))
    problems.push({ runs });
  const written = await sql(
    `select key from flow_effect where split_part(key, ':', 1) = any($1)`,
    [runs],
  );
  if (written.length !== effects) problems.push({ written });
  problems.push(
    ...(await sql(
      `select run_id, type, step, count(*) from flow_event where run_id = any($1) and type in ('step completed', 'run completed')
       group by 1, 2, 3 having count(*) > $2`,
      [runs, isAgain ? 2 : 1],
    )),
    ...(await sql(
      `select 'left' as job, state, payload from job where name = any($1)`,
      [world.jobs],
    )),
    ...(await sql(
      `select 'unended' as state, flow, state from flow_run where id = any($1) and state in ('running', 'paused')`,
      [runs],
    )),
  );
  const entries = await sql(
    `select identity from dead_letter where source = 'flow' and event_id = any($1) and state = 'open'`,
    [runs],
  );
  if (entries.length !== failures) problems.push({ entries });
  if (!mayFail)
    problems.push(
      ...(await sql(
        `select attempt.error from job_attempt attempt join jobs_completed job on job.id = attempt.job_id
         where job.name = any($1) and attempt.error is not null`,
        [world.jobs],
      )),
    );
  return problems;
};
