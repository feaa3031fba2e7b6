import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource, EntityManager } from 'typeorm';

import { deadLetterDrain } from '../src/host/dead-letter-drain.ts';
import type { ServedWorker } from '../src/host/served-worker.ts';
import type { Message } from '../src/workers/worker.ts';
import { ACK_DEADLINE } from './broker.ts';
import {
  type ChaosSubscription,
  DEAD_LETTERS,
  innocents,
  POISON_FAILURES,
  poisonous,
  type PoisonousSubscription,
} from './subscriptions.ts';

/** The payload of every event of the load. */
export interface Numbered {
  readonly number: number;
  readonly key: string;
}

type Handler = (
  numbered: Numbered,
  con: DataSource | EntityManager,
) => Promise<void>;

/** A handler takes up to so many milliseconds, decided by the number alone. */
const LONGEST_WORK = 20;

const work = ({ number }: Numbered): Promise<void> =>
  delay((number * 7_919) % LONGEST_WORK);

const effect =
  (subscription: string): Handler =>
  async ({ number, key }, con) => {
    await con.query(
      'insert into chaos_effect (subscription, number, key) values ($1, $2, $3)',
      [subscription, number, key],
    );
  };

const served = (
  { topic, subscription, ordered }: ChaosSubscription,
  handler: Handler,
  changes: Partial<ServedWorker> = {},
): ServedWorker => ({
  topic,
  subscription,
  ordered,
  ackDeadlineSeconds: ACK_DEADLINE,
  maxMessages: 20,
  timeoutSeconds: 20,
  maxFailures: 5,
  retryBackoff: { minimumSeconds: 0.2, maximumSeconds: 2 },
  transactional: true,
  parse: ({ data }) => JSON.parse(data.toString()) as Numbered,
  eventId: ({ attributes }) => attributes['id'],
  run: ({ data }: Message<unknown>, con) => handler(data as Numbered, con),
  ...changes,
});

const isMended = async (
  subscription: string,
  con: DataSource | EntityManager,
): Promise<boolean> =>
  (
    await con.query<unknown[]>(
      'select from chaos_mended where subscription = $1',
      [subscription],
    )
  ).length > 0;

/** What each poisonous handler does instead of its work. */
const harm: Record<PoisonousSubscription, () => Promise<void>> = {
  'chaos.throws': () => Promise.reject(new Error('this handler is broken')),
  'chaos.hangs': () => new Promise(() => undefined),
  'chaos.exits': () => process.exit(1),
};

const innocentWorkers = (): ServedWorker[] =>
  innocents.map((declared) => {
    const { subscription } = declared;
    if (subscription === 'chaos.idempotent')
      return served(
        declared,
        async (numbered, con) => {
          await work(numbered);
          await con.query(
            'insert into chaos_record (number) values ($1) on conflict do nothing',
            [numbered.number],
          );
        },
        { transactional: false },
      );
    const take = effect(subscription);
    return served(declared, async (numbered, con) => {
      await work(numbered);
      await take(numbered, con);
    });
  });

const poisonousWorkers = (): ServedWorker[] =>
  poisonous.map((declared) => {
    const { subscription } = declared;
    const take = effect(subscription);
    return served(
      declared,
      async (numbered, con) => {
        if (!(await isMended(subscription, con))) await harm[subscription]();
        await take(numbered, con);
      },
      { timeoutSeconds: 2, maxFailures: POISON_FAILURES },
    );
  });

/** What a background process of the chaos serves. */
export const chaosWorkers = (): ServedWorker[] => {
  const workers = [...innocentWorkers(), ...poisonousWorkers()];
  return [...workers, deadLetterDrain(DEAD_LETTERS, workers)];
};
