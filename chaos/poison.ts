import { createPublisherClient } from '../src/host/clients.ts';
import { redriveMany } from '../src/host/redrive-many.ts';
import { createLogger } from '../src/logger.ts';
import { burst, sendMany } from './burst.ts';
import type { Finding } from './proof.ts';
import { poisonous, PROJECT } from './subscriptions.ts';
import { chaosWorkers } from './workers.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

export interface PoisonReport {
  /** Effects a second of the innocent subscriptions, undisturbed and beside handlers that throw and hang. */
  readonly undisturbed: number;
  readonly disturbed: number;
  readonly findings: readonly Finding[];
}

/** Fewer than the abandoned handlers after which a subscription pauses, with all their attempts. */
const POISON = 10;

/** Messages that end their process: each takes five deaths and as many leases. */
const LETHAL = 3;

const desk = async (
  { con }: World,
  subscription: string,
  state: string,
): Promise<number> => {
  const [row] = await con.query<[{ count: string }]>(
    'select count(*) as count from dead_letter where subscription = $1 and state = $2',
    [subscription, state],
  );
  return Number(row.count);
};

const untilBuried = (
  world: World,
  subscription: string,
  letters: number,
): Promise<void> =>
  until(
    `${letters} dead letters of ${subscription}`,
    300,
    async () => (await desk(world, subscription, 'open')) === letters,
  );

const mend = ({ con }: World, subscription: string) =>
  con.query('insert into chaos_mended values ($1) on conflict do nothing', [
    subscription,
  ]);

/** As `nightshift dead-letters redrive` does it, with the workers of the chaos: one first, then the rest. */
const redriveAll = async ({ con, pubsubAddress }: World): Promise<void> => {
  const pubsub = createPublisherClient({
    projectId: PROJECT,
    emulatorHost: pubsubAddress,
  });
  for (const limit of [1, 1_000])
    await redriveMany(
      {
        dataSource: con,
        logger: createLogger('chaos-redrive', 'stderr'),
        pubsub,
        workers: new Map(
          chaosWorkers().map((worker) => [worker.subscription, worker]),
        ),
      },
      {
        filter: { state: 'open' },
        limit,
        actor: 'chaos',
        reason: 'the handlers were mended',
        signal: AbortSignal.timeout(120_000),
      },
    );
  await pubsub.close();
};

/**
 * Lets handlers throw, hang and end their process beside innocent ones, until the desk has their
 * messages; then mends them and redrives.
 *
 * @param events of a burst whose rate is measured
 */
export const poison = async (
  world: World,
  events: number,
  say: (line: string) => void,
): Promise<PoisonReport> => {
  const { con } = world;
  await mend(world, 'chaos.exits');
  await burst(world, events, 300);
  const before = await burst(world, events, 300);
  say(`undisturbed: ${Math.round(before)} effects/s`);

  await sendMany(con, 'chaos.poison', POISON);
  const disturbed = await burst(world, events, 300);
  say(`beside what throws and hangs: ${Math.round(disturbed)} effects/s`);
  await untilBuried(world, 'chaos.throws', POISON);
  await untilBuried(world, 'chaos.hangs', POISON);
  const after = await burst(world, events, 300);
  say(`undisturbed again: ${Math.round(after)} effects/s`);

  await con.query(`delete from chaos_mended`);
  await sendMany(con, 'chaos.poison', LETHAL);
  await burst(world, events, 300);
  say('beside what ends its process, the others are through');
  for (const { subscription } of poisonous)
    await untilBuried(
      world,
      subscription,
      subscription === 'chaos.exits' ? LETHAL : POISON + LETHAL,
    );
  const starts = world.backgrounds.reduce((sum, each) => sum + each.starts, 0);
  say(`the desk has all of them; ${starts} starts of background processes`);

  for (const { subscription } of poisonous) await mend(world, subscription);
  await world.untilServed();
  await redriveAll(world);
  const findings: Finding[] = [];
  for (const { subscription } of poisonous) {
    findings.push({
      promise: `the redrive leaves nothing of ${subscription} at the desk`,
      broken: await desk(world, subscription, 'open'),
    });
    const [row] = await con.query<[{ count: string }]>(
      `select count(*) as count from chaos_sent sent where topic = 'chaos.poison'
          and (select count(*) from chaos_effect
                where subscription = $1 and number = sent.number) <> 1`,
      [subscription],
    );
    findings.push({
      promise: `every poisonous message took effect once in ${subscription}`,
      broken: Number(row.count),
    });
  }
  return { undisturbed: (before + after) / 2, disturbed, findings };
};
