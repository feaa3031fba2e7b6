import {
  type ClientConfig,
  Duration,
  PubSub,
  type SubscriptionOptions,
} from '@google-cloud/pubsub';

import { type Limits, limitsOf } from './limits.ts';
import type { ServedWorker } from './served-worker.ts';

/** How soon a connection that died without a word is noticed; both in milliseconds. */
export interface Keepalive {
  /** Between two pings. */
  readonly milliseconds: number;
  /** A ping that is not answered within this time ends the connection. */
  readonly timeoutMilliseconds: number;
}

/**
 * The client's own five minutes leave its streams on a dead connection for as long. Google's front
 * ends take these: its client for Bigtable has the same.
 */
const KEEPALIVE: Keepalive = {
  milliseconds: 30_000,
  timeoutMilliseconds: 10_000,
};

export interface ClientOptions {
  readonly projectId: string;
  /** @default pings every 30 s, answered within 10 s */
  readonly keepalive?: Keepalive;
  /** `host:port` of a local server. @default PUBSUB_EMULATOR_HOST, else Google */
  readonly emulatorHost?: string;
}

/**
 * Streams a client may have. At 100 streams a connection delivers messages but sends neither acks
 * nor publishes, without an error; the rest is for those calls.
 */
export const STREAMS_PER_CLIENT = 90;

/** Milliseconds that acks are gathered; a slot of the client is free only after their call. */
const ACK_BATCH_MILLISECONDS = 10;

/** Milliseconds; the client's own steps of closing take a second of it. */
const SHORTEST_LEASE = 60_000;

const create = ({
  projectId,
  emulatorHost,
  keepalive = KEEPALIVE,
}: ClientOptions): PubSub => {
  const options: ClientConfig & Record<`grpc${string}`, number> = {
    projectId,
    // grpc-js shares connections in a process; without this a second client would be no help.
    'grpc.use_local_subchannel_pool': 1,
    // The default of 64 KB makes throughput a matter of distance.
    'grpc-node.flow_control_window': 16 << 20,
    'grpc.keepalive_time_ms': keepalive.milliseconds,
    'grpc.keepalive_timeout_ms': keepalive.timeoutMilliseconds,
    ...(emulatorHost !== undefined && {
      apiEndpoint: emulatorHost,
      emulatorMode: true,
    }),
  };
  // Else a client without credentials looks for a metadata server for seconds.
  if (emulatorHost ?? process.env['PUBSUB_EMULATOR_HOST'])
    process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  return new PubSub(options);
};

/** A client for publishing only, on a connection that no stream of a subscription shares. */
export const createPublisherClient = (options: ClientOptions): PubSub =>
  create(options);

/** As many clients as this number of subscriptions needs, each on a connection of its own. */
export const createSubscriberClients = (
  options: ClientOptions,
  subscriptions: number,
): PubSub[] =>
  Array.from({ length: Math.ceil(subscriptions / STREAMS_PER_CLIENT) }, () =>
    create(options),
  );

/** How the client serves one subscription of the host. */
export const subscriptionOptions = (
  worker: ServedWorker,
  limits: Limits = limitsOf(worker),
): SubscriptionOptions => {
  const lease = Duration.from({
    milliseconds: Math.max(limits.lease, SHORTEST_LEASE),
  });
  return {
    // With more, messages on a paused stream are not leased and come twice.
    streamingOptions: { maxStreams: 1 },
    batching: { maxMilliseconds: ACK_BATCH_MILLISECONDS },
    flowControl: { maxMessages: limits.held, allowExcessMessages: true },
    minAckDeadline: Duration.from({ seconds: worker.ackDeadlineSeconds }),
    maxExtensionTime: lease,
    // By default close() nacks, and later acks are lost in silence.
    closeOptions: { behavior: 'WAIT', timeout: lease },
  };
};
