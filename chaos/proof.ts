import { innocents, poisonous } from './subscriptions.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

/** What must be nothing at the end, and how much of it there is. */
export interface Finding {
  readonly promise: string;
  readonly broken: number;
}

/** How the numbers stand. */
export interface Proof {
  readonly committed: number;
  readonly findings: readonly Finding[];
}

/** How long the rest of the load may take to arrive, in seconds. */
const ARRIVAL = 180;

const backlogOf = async (world: World): Promise<number> =>
  (await world.statistics()).reduce((sum, { backlog }) => sum + backlog, 0);

const countOf = async (world: World, sql: string): Promise<number> => {
  const [row] = await world.con.query<[{ count: string }]>(
    `select count(*) as count from (${sql}) found`,
  );
  return Number(row.count);
};

const missing = (topic: string, subscription: string): string =>
  subscription === 'chaos.idempotent'
    ? `select from chaos_sent sent where topic = '${topic}'
        and not exists (select from chaos_record where number = sent.number)`
    : `select from chaos_sent sent where topic = '${topic}' and not exists (
        select from chaos_effect where subscription = '${subscription}' and number = sent.number)`;

/** Waits until nothing is on its way any more; what is missing then will not come. */
const untilQuiet = async (world: World): Promise<void> => {
  const undelivered = innocents
    .map(({ topic, subscription }) => missing(topic, subscription))
    .join(' union all ');
  await until('every event to arrive', ARRIVAL, async () => {
    if ((await backlogOf(world).catch(() => 1)) > 0) return false;
    return (await countOf(world, undelivered)) === 0;
  }).catch(() => undefined);
};

/** Counts in the database what became of everything that was committed. */
export const prove = async (world: World): Promise<Proof> => {
  await untilQuiet(world);
  const findings: Finding[] = [];
  const count = async (promise: string, sql: string): Promise<void> => {
    findings.push({ promise, broken: await countOf(world, sql) });
  };
  for (const { topic, subscription } of innocents)
    await count(
      `every committed event had its effect in ${subscription}`,
      missing(topic, subscription),
    );
  await count(
    'no effect of a transactional worker is doubled',
    `select from chaos_effect group by subscription, number having count(*) > 1`,
  );
  await count(
    'nothing that was rolled back had an effect',
    `select from (select number from chaos_effect union all select number from chaos_record) effects
      where not exists (select from chaos_sent where number = effects.number)`,
  );
  await count(
    'the numbers of a key took effect in their order',
    `select from (
       select number, lag(number) over (partition by key order by id) as before
         from chaos_effect where subscription = 'chaos.ordered') effects
      where number < before`,
  );
  await count(
    'there is no dead letter',
    `select from dead_letter
      where subscription not in (${poisonous.map(({ subscription }) => `'${subscription}'`).join(', ')})`,
  );
  findings.push({
    promise: 'no message is left',
    broken: await backlogOf(world),
  });
  return {
    committed: await countOf(world, 'select from chaos_sent'),
    findings,
  };
};
