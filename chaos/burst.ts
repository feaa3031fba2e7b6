import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource } from 'typeorm';

import { innocents } from './subscriptions.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

/** Events of one transaction. */
const CHUNK = 500;

/** Numbers of a burst begin above those of any other load. */
let next = 1_000_000_000;

const insertChunk = (con: DataSource, topic: string, numbers: number) =>
  con.transaction(async (manager) => {
    const from = next;
    next += numbers;
    await manager.query(
      `insert into chaos_sent (number, topic, key, event_id)
       select number, $2, 'key ' || number % 40, gen_random_uuid()
         from generate_series($1::bigint, $1::bigint + $3::bigint - 1) number`,
      [from, topic, numbers],
    );
    await manager.query(
      `insert into outbox (id, topic, ordering_key, type, payload)
       select event_id, topic,
              case topic when 'chaos.ordered' then key else event_id::text end, topic,
              convert_to(json_build_object('number', number, 'key', key)::text, 'UTF8')
         from chaos_sent where number >= $1 order by number`,
      [from],
    );
  });

/** Commits so many events of a topic, in few transactions. */
export const sendMany = async (
  con: DataSource,
  topic: string,
  events: number,
): Promise<void> => {
  for (let sent = 0; sent < events; sent += CHUNK)
    await insertChunk(con, topic, Math.min(CHUNK, events - sent));
};

const outstanding = async (world: World): Promise<number> => {
  const [row] = await world.con.query<[{ sent: string; effects: string }]>(
    `select (select count(*) from chaos_sent where topic = 'chaos.numbers') * 2
              + (select count(*) from chaos_sent where topic = 'chaos.ordered') as sent,
            (select count(*) from chaos_record)
              + (select count(*) from chaos_effect where subscription = any($1)) as effects`,
    [
      innocents
        .map(({ subscription }) => subscription)
        .filter((subscription) => subscription !== 'chaos.idempotent'),
    ],
  );
  return Number(row.sent) - Number(row.effects);
};

/**
 * Commits a burst of events for the innocent subscriptions and waits until all have taken effect.
 *
 * @returns effects a second.
 * @throws if they do not within so many seconds.
 */
export const burst = async (
  world: World,
  events: number,
  seconds: number,
): Promise<number> => {
  const began = performance.now();
  await sendMany(world.con, 'chaos.numbers', events / 2);
  await sendMany(world.con, 'chaos.ordered', events / 2);
  const effects = await outstanding(world);
  await until('a burst to take effect', seconds, async () => {
    await delay(50);
    return (await outstanding(world)) === 0;
  });
  return effects / ((performance.now() - began) / 1_000);
};
