import { setTimeout as delay } from 'node:timers/promises';

import type { PubSub } from '@google-cloud/pubsub';

import type { SeededRandom } from '../__tests__/pubsub-server/hostile/seeded-random.ts';
import { ACK_DEADLINE } from './broker.ts';
import type { World } from './world.ts';

type Wound = (world: World, random: SeededRandom) => Promise<void>;

/** Messages published a second time in one burst. */
const DUPLICATES = 50;

/** How long a part stays away, in milliseconds. */
const AWAY = 2_000;
const LONG_AWAY = 30_000;

/** Publishes messages again that have had their effect: as a broker that delivers twice. */
const duplicate =
  (pubsub: PubSub): Wound =>
  async ({ con }) => {
    const rows = await con.query<
      { number: string; topic: string; key: string; event_id: string }[]
    >(
      `select sent.* from chaos_sent sent
        where exists (select from chaos_effect effect where effect.number = sent.number)
        order by number desc limit $1`,
      [DUPLICATES],
    );
    await Promise.all(
      rows.map(({ number, topic, key, event_id: id }) =>
        pubsub.topic(topic, { messageOrdering: true }).publishMessage({
          data: Buffer.from(JSON.stringify({ number: Number(number), key })),
          attributes: { id, eventType: topic },
          // As change data capture writes it.
          orderingKey: JSON.stringify(topic === 'chaos.ordered' ? key : id),
        }),
      ),
    );
  };

/** Everything that is done to the world, by its name. */
export const wounds = (pubsub: PubSub): Readonly<Record<string, Wound>> => ({
  'kill -9 of a background process': async (world, random) => {
    random.pick(world.backgrounds).signal('SIGKILL');
  },
  'SIGTERM of a background process': async (world, random) => {
    random.pick(world.backgrounds).signal('SIGTERM');
  },
  'kill -9 of both background processes': async (world) => {
    for (const background of world.backgrounds) background.signal('SIGKILL');
  },
  // Its leases run out, others get its messages, and then it goes on where it was.
  'a background process stands still for longer than its leases': async (
    world,
    random,
  ) => {
    const background = random.pick(world.backgrounds);
    background.signal('SIGSTOP');
    await delay((ACK_DEADLINE + 2) * 1_000);
    background.signal('SIGCONT');
  },
  'kill -9 of the Pub/Sub server': async (world) => {
    world.pubsub.signal('SIGKILL');
    await world.untilPubSubAnswers();
  },
  'stop of the Pub/Sub server': async (world) => {
    world.pubsub.signal('SIGTERM');
    await delay(AWAY);
    await world.untilPubSubAnswers();
  },
  'kill -9 of change data capture': async (world) => {
    world.cdc.signal('SIGKILL');
  },
  'SIGTERM of change data capture': async (world) => {
    world.cdc.signal('SIGTERM');
  },
  'stop of Postgres': async (world) => {
    await world.stopPostgres('fast');
    await delay(AWAY);
    await world.startPostgres();
  },
  'Postgres is away for half a minute': async (world) => {
    await world.stopPostgres('fast');
    await delay(LONG_AWAY);
    await world.startPostgres();
  },
  'kill -9 of Postgres': async (world) => {
    await world.stopPostgres('kill');
    await world.startPostgres();
  },
  'messages come twice': duplicate(pubsub),
});
