import { type Message, PubSub } from '@google-cloud/pubsub';
import { z } from 'zod';

import { CausalityRecorder } from '../../src/causality/recorder.ts';
import { createDataSource } from '../../src/data-source.ts';
import { createHost } from '../../src/host/host.ts';
import { createLogger, type Logger } from '../../src/logger.ts';
import { startTracing } from '../../src/telemetry/tracing.ts';
import { messageToJson } from '../../src/workers/worker.ts';

export const projectId = 'bench-host';

export const contenders = ['client-default', 'client-best', 'host'] as const;
export type Contender = (typeof contenders)[number];

export interface Subscribing {
  readonly address: string;
  readonly subscription: string;
  /** Handlers at once; unset is each contender's own for many short ones. */
  readonly concurrency?: number;
  /** Called first thing in the handler; `sentAt` reads the payload. */
  readonly onMessage: (messageId: string, sentAt: () => number) => void;
  /** Milliseconds a handler takes; 0 is an empty one. */
  readonly handlerMilliseconds: number;
  /** Records deliveries there; of the host alone. @default not at all */
  readonly recording?: {
    readonly databaseUrl: string;
    readonly maxRate: number;
  };
}

/** What one message looks like; 200 bytes as JSON. */
export const payloadSchema = z.object({
  postId: z.string(),
  userId: z.string(),
  sentAt: z.number(),
  filler: z.string(),
});

const sleep = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
  });

const bareClient = (
  { address, subscription, concurrency, onMessage, ...rest }: Subscribing,
  best: boolean,
): Promise<void> => {
  const client = new PubSub({
    projectId,
    apiEndpoint: address,
    emulatorMode: true,
    ...(best && { 'grpc-node.flow_control_window': 16 << 20 }),
  });
  const flowControl = { maxMessages: concurrency ?? 2_000 };
  const { handlerMilliseconds } = rest;
  client
    .subscription(subscription, {
      ...(best && {
        streamingOptions: { maxStreams: 1 },
        batching: { maxMilliseconds: 10 },
        flowControl,
      }),
      ...(concurrency !== undefined && { flowControl }),
    })
    .on('message', (message: Message) => {
      onMessage(
        message.id,
        () => payloadSchema.parse(JSON.parse(message.data.toString())).sentAt,
      );
      if (handlerMilliseconds === 0) message.ack();
      else void sleep(handlerMilliseconds).then(() => message.ack());
    });
  return Promise.resolve();
};

const recorderOf = async (
  { databaseUrl, maxRate }: NonNullable<Subscribing['recording']>,
  logger: Logger,
): Promise<CausalityRecorder> => {
  const con = createDataSource({ url: databaseUrl, poolSize: 2 });
  await con.initialize();
  return new CausalityRecorder({ con, logger, maxRate });
};

/** The host as it runs in production, but without recording deliveries unless told to: validation, metrics, one trace in a hundred sampled. */
const host = async ({
  address,
  subscription,
  concurrency,
  onMessage,
  handlerMilliseconds,
  recording,
}: Subscribing): Promise<void> => {
  startTracing({ serviceName: 'bench-host', sampleRatio: 0.01 });
  const logger = createLogger('bench');
  await createHost({
    projectId,
    recorder: recording && (await recorderOf(recording, logger)),
    emulatorHost: address,
    logger,
    // Never connected: an empty handler that succeeds needs no database.
    dataSource: createDataSource({ url: 'postgres://127.0.0.1:1/none' }),
    workers: [
      {
        subscription,
        topic: 'bench',
        ordered: false,
        ackDeadlineSeconds: 10,
        maxMessages: concurrency ?? 400,
        timeoutSeconds: 60,
        maxFailures: 5,
        transactional: false,
        parse: (message) => payloadSchema.parse(messageToJson(message)),
        eventId: (message) => message.attributes['id'],
        run: async ({ messageId, data }) => {
          onMessage(
            messageId,
            () => (data as z.infer<typeof payloadSchema>).sentAt,
          );
          if (handlerMilliseconds > 0) await sleep(handlerMilliseconds);
        },
      },
    ],
  }).start();
};

/** Starts a contender in this process; it is stopped with the process. */
export const subscribe = (
  contender: Contender,
  subscribing: Subscribing,
): Promise<void> =>
  contender === 'host'
    ? host(subscribing)
    : bareClient(subscribing, contender === 'client-best');
