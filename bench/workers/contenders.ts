import { type Message, PubSub } from '@google-cloud/pubsub';
import type { DataSource } from 'typeorm';

import { createDataSource } from '../../src/data-source.ts';
import { createHost } from '../../src/host/host.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { createLogger } from '../../src/logger.ts';
import { startTracing } from '../../src/telemetry/tracing.ts';
import { Batcher } from '../../src/workers/batcher.ts';
import type { Message as WorkerMessage } from '../../src/workers/worker.ts';

export const projectId = 'bench-workers';

/**
 * - `single`: inserts a row per message.
 * - `transactional`: the same, in the transaction of its inbox row.
 * - `batch`: `handleBatch` inserts the rows of many messages at once.
 * - `waiting`: a handler that waits for 50 ms, 20 at once, on the host.
 * - `client`: the same on the bare client.
 */
export const kinds = [
  'single',
  'transactional',
  'batch',
  'waiting',
  'client',
] as const;
export type Kind = (typeof kinds)[number];

/** What a measuring process is told. */
export interface Task {
  readonly kind: Kind;
  readonly address: string;
  readonly databaseUrl: string;
  readonly subscription: string;
  /** Messages that come first and are not measured, until the code is compiled. */
  readonly warmUp: number;
  readonly messages: number;
}

/** How long a waiting handler takes, in milliseconds, and how many run at once. */
export const WAIT = 50;
export const WAITING = 20;

const INSERT = 'insert into bench_row (number) values ($1)';
const INSERT_MANY =
  'insert into bench_row (number) select * from unnest($1::int[])';

const wait = () =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, WAIT);
  });

type Numbered = WorkerMessage<unknown> & { readonly data: { number: number } };

const runOf = (
  kind: Exclude<Kind, 'client'>,
  subscription: string,
): ServedWorker['run'] => {
  if (kind === 'waiting') return () => wait();
  if (kind !== 'batch')
    return async (message, con) => {
      await con.query(INSERT, [(message as Numbered).data.number]);
    };
  const batcher = new Batcher<unknown>({
    subscription,
    size: 500,
    wait: 10,
    handleBatch: async (messages, con) => {
      await con.query(INSERT_MANY, [
        messages.map((message) => (message as Numbered).data.number),
      ]);
    },
  });
  return (message, con, logger, pubsub) =>
    batcher.handle(message, con as DataSource, logger, pubsub);
};

/** As `src/workers/serve.ts` fills in; a transactional worker, whose default is 5, gets as many as the others. */
const concurrency: Record<Exclude<Kind, 'client'>, number> = {
  single: 20,
  transactional: 20,
  batch: 1_000,
  waiting: WAITING,
};

/** Serves a subscription in this process until it ends. Calls back after each message. */
export const serve = async (
  { kind, address, databaseUrl, subscription }: Task,
  handled: () => void,
): Promise<void> => {
  if (kind === 'client') {
    new PubSub({
      projectId,
      apiEndpoint: address,
      emulatorMode: true,
    })
      .subscription(subscription, {
        streamingOptions: { maxStreams: 1 },
        batching: { maxMilliseconds: 10 },
        flowControl: { maxMessages: WAITING, allowExcessMessages: false },
      })
      .on('message', (message: Message) => {
        void wait().then(() => {
          message.ack();
          handled();
        });
      });
    return;
  }
  startTracing({ serviceName: 'bench-workers', sampleRatio: 0.01 });
  const dataSource = await createDataSource({
    url: databaseUrl,
    poolSize: 20,
  }).initialize();
  const run = runOf(kind, subscription);
  await createHost({
    projectId,
    emulatorHost: address,
    logger: createLogger('bench'),
    dataSource,
    workers: [
      {
        subscription,
        topic: 'bench',
        ordered: false,
        ackDeadlineSeconds: 60,
        maxMessages: concurrency[kind],
        timeoutSeconds: 60,
        maxFailures: 5,
        transactional: kind === 'transactional',
        parse: ({ data }) => JSON.parse(data.toString()) as unknown,
        eventId: ({ attributes }) => attributes['id'],
        run,
      },
    ],
    signals: { onRecord: handled },
  }).start();
};
