import { Server, ServerCredentials } from '@grpc/grpc-js';

import { type ServerActivity, serverActivity } from './activity.ts';
import { Broker } from './broker/broker.ts';
import { type Clock, systemClock } from './clock.ts';
import { unavailable } from './errors.ts';
import { httpListener } from './http.ts';
import { iamMethods } from './iam/methods.ts';
import { type Listener, listen } from './listener.ts';
import { serverOverview } from './page/server-overview.ts';
import { restListener } from './rest/index.ts';
import { durable } from './services/durable.ts';
import { addMethods, byteMethod } from './services/grpc.ts';
import { publisherMethods } from './services/publisher.ts';
import { schemaMethods } from './services/schema.ts';
import { snapshotMethods } from './services/snapshots.ts';
import { streamingPull } from './services/streaming-pull.ts';
import { subscriberMethods } from './services/subscriber.ts';
import { type ServerStatistics, serverStatistics } from './statistics.ts';
import { openJournal } from './storage/recovery.ts';

export type { ServerActivity } from './activity.ts';
export { type Clock, systemClock } from './clock.ts';
export type { ServerStatistics, SubscriptionStatistics } from './statistics.ts';
export {
  JournalWriteError,
  StorageInUseError,
  StorageRefusedError,
  StorageUnavailableError,
} from './storage/errors.ts';

export interface PubSubServerOptions {
  /** @default 0, any free port */
  port?: number;
  /** @default '127.0.0.1' */
  host?: string;
  /** Leases, backoff and publish times go by it. @default the machine's */
  clock?: Clock;
  /**
   * Directory of the server's own, made if it is missing: topics, subscriptions, snapshots, messages
   * and acknowledgements are on disk in it before they are answered, so that a server that is given it
   * next goes on after a stop and after kill -9 alike. For one server at a time.
   * @default none: everything is in memory alone, and gone with the server
   */
  data?: string;
  /**
   * The most calls and streams one connection may have open at a time; the next one waits, without an error, as it
   * does at the real service, where 100 are permitted.
   * @default none
   */
  streamLimit?: number;
}

/** A running local Pub/Sub server. */
export interface PubSubServer {
  readonly port: number;
  /** host:port, as PUBSUB_EMULATOR_HOST wants it. */
  readonly address: string;
  /** What an operator sees of each subscription; other processes read it from GET /stats. */
  statistics(): ServerStatistics;
  /** What happened since the server started; cheap enough to ask for often. */
  activity(): ServerActivity;
  /**
   * Ends live streams with UNAVAILABLE, which clients retry, and closes the port. Settles within
   * a second whatever clients do, and the time the disk takes to write what is left; without a data
   * directory what was not acknowledged is gone. Idempotent.
   *
   * @throws JournalWriteError when the server has stopped but the disk refused what was left, none of
   * which had been answered.
   */
  stop(): Promise<void>;
}

/** Publishers may send 10 MB; what is over the limit is refused by us, with the service's words. */
const LARGEST_REQUEST = 32 * 1024 * 1024;

/** How long stop() waits for clients to take the last answers and leave, in milliseconds. */
const SHUTDOWN_GRACE = 300;

/**
 * Starts a Pub/Sub server in this process that unmodified Google clients reach through
 * `PUBSUB_EMULATOR_HOST`. All state is in memory, and with {@link PubSubServerOptions.data} on disk,
 * too, for a later start: leases end, deliveries are counted on, message ids go on rising.
 *
 * Beside gRPC the port answers plain HTTP: the REST API under `/v1/`, `GET /healthz` (200 `ok`), and what the
 * real service has only in its console, `GET /` for people and `GET /stats` ({@link ServerStatistics} as JSON).
 *
 * @throws the error of `listen`, such as EADDRINUSE; StorageInUseError, StorageRefusedError,
 * StorageUnavailableError
 */
export const startPubSub = async ({
  port = 0,
  host = '127.0.0.1',
  clock = systemClock,
  data,
  streamLimit,
}: PubSubServerOptions = {}): Promise<PubSubServer> => {
  const broker = new Broker(clock);
  const giveUp = async (error: unknown): Promise<never> => {
    broker.close(unavailable('The local Pub/Sub server could not start.'));
    await broker.journal?.close();
    throw error;
  };
  const journal =
    data === undefined
      ? undefined
      : await openJournal(broker, data).catch(giveUp);
  const firstMessageId = broker.nextMessageId;
  const grpcServer = new Server({
    'grpc.max_receive_message_length': LARGEST_REQUEST,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
    ...(streamLimit !== undefined && {
      'grpc.max_concurrent_streams': streamLimit,
    }),
  });
  const ofBroker = [
    ...publisherMethods(broker),
    ...subscriberMethods(broker),
    ...snapshotMethods(broker),
    ...schemaMethods,
    ...iamMethods(broker),
  ];
  const methods = journal === undefined ? ofBroker : durable(ofBroker, journal);
  addMethods(grpcServer, methods);
  grpcServer.addService(
    {
      StreamingPull: byteMethod(
        'google.pubsub.v1.Subscriber',
        'StreamingPull',
        true,
      ),
    },
    { StreamingPull: streamingPull(broker) },
  );
  const injector = grpcServer.createConnectionInjector(
    ServerCredentials.createInsecure(),
  );
  const statistics = (): ServerStatistics =>
    serverStatistics(broker, clock, listener.connections);
  const listener: Listener = await listen(
    host,
    port,
    (socket) => {
      injector.injectConnection(socket);
    },
    httpListener({
      overview: () =>
        serverOverview(
          broker,
          statistics().subscriptions,
          `${host}:${listener.port}`,
          data === undefined ? 'in memory only' : `on disk in ${data}`,
        ),
      statistics,
      rest: restListener(methods),
    }),
  ).catch(giveUp);

  const shutDown = async (): Promise<void> => {
    broker.close(unavailable('The local Pub/Sub server is shutting down.'));
    // Only begins the shutdown: it reports its end before answers are out, so the sockets are waited for.
    grpcServer.tryShutdown(() => undefined);
    await listener.close(SHUTDOWN_GRACE);
    grpcServer.forceShutdown();
    // Now that no client can reach it: what is published or acknowledged on the way out counts.
    broker.recordDeliveries();
    await journal?.close();
  };
  let stopping: Promise<void> | undefined;
  return {
    port: listener.port,
    address: `${host}:${listener.port}`,
    statistics,
    activity: () => serverActivity(broker, firstMessageId),
    stop: () => (stopping ??= shutDown()),
  };
};
