import type { PubSub } from '@google-cloud/pubsub';
import type { DataSource } from 'typeorm';

import type { CausalityRecorder } from '../causality/recorder.ts';
import { within } from '../drain.ts';
import type { Logger } from '../logger.ts';
import {
  createPublisherClient,
  createSubscriberClients,
  type Keepalive,
  STREAMS_PER_CLIENT,
} from './clients.ts';
import type { HandledRecord } from './handling.ts';
import { HostedSubscription } from './hosted-subscription.ts';
import type { ServedWorker } from './served-worker.ts';
import type { StreamState } from './stream.ts';

/** What the host tells a test, so that it need not sleep. */
export interface HostSignals {
  /** A message went through all stages; its ack or nack is on its way. */
  onRecord?(record: HandledRecord): void;
  onState?(
    subscription: string,
    state: StreamState,
    reason: string | undefined,
  ): void;
}

export interface HostOptions {
  readonly workers: readonly ServedWorker[];
  readonly dataSource: DataSource;
  readonly logger: Logger;
  readonly projectId: string;
  /** `host:port` of a local server. @default PUBSUB_EMULATOR_HOST, else Google */
  readonly emulatorHost?: string;
  /** @default pings every 30 s, answered within 10 s */
  readonly keepalive?: Keepalive;
  /** How long running handlers may go on once `drain()` is called, in seconds. @default 25 */
  readonly drainTimeoutSeconds?: number;
  readonly signals?: HostSignals;
  /** Records what becomes of messages; whoever gave it stops it. @default nothing is recorded */
  readonly recorder?: Pick<CausalityRecorder, 'of'> | undefined;
}

export interface SubscriptionStatus {
  readonly subscription: string;
  readonly state: StreamState;
  /** Why it is not streaming. */
  readonly reason?: string;
  /** It is as it is meant to be: nobody should be alarmed. */
  readonly pausedByOperator: boolean;
}

export interface HostStatus {
  /** Every subscription is streaming, or paused by an operator. */
  readonly ready: boolean;
  readonly subscriptions: readonly SubscriptionStatus[];
  /** Handlers running now. */
  readonly inFlight: number;
}

export interface Host {
  /**
   * Opens every stream. Resolves when each of them streams or has said why it cannot; those are
   * opened again with backoff.
   */
  start(): Promise<void>;
  /**
   * Stops pulling, gives back what is queued, lets handlers end up to the limit, then aborts them and
   * gives back their messages; flushes acks and closes the clients. Idempotent, never rejects.
   */
  drain(): Promise<void>;
  /**
   * Receives from all subscriptions but these, from now on; also before it is started.
   *
   * @param paused by their names, with the words why; names that are not served here are left out.
   */
  setPauses(paused: ReadonlyMap<string, string>): void;
  status(): HostStatus;
}

/** How long aborted handlings may take to roll back, and acks to leave, in milliseconds. */
const GRACE_MILLISECONDS = 5_000;

/** Serves workers from their subscriptions until drained. A drained host cannot be started again. */
export const createHost = (options: HostOptions): Host => {
  const { workers, dataSource, logger, drainTimeoutSeconds = 25 } = options;
  const subscriptions: HostedSubscription[] = [];
  const clients: PubSub[] = [];
  let started: Promise<void> | undefined;
  let drained: Promise<void> | undefined;
  let paused: ReadonlyMap<string, string> = new Map();

  const applyPauses = (): void => {
    for (const each of subscriptions) each.setPause(paused.get(each.name));
  };

  const start = async (): Promise<void> => {
    const publisher = createPublisherClient(options);
    const subscribers = createSubscriberClients(options, workers.length);
    clients.push(publisher, ...subscribers);
    for (const [index, worker] of workers.entries()) {
      const client = subscribers[Math.floor(index / STREAMS_PER_CLIENT)];
      if (!client) continue;
      subscriptions.push(
        new HostedSubscription({
          client,
          worker,
          dependencies: {
            dataSource,
            logger,
            pubsub: publisher,
            recorder: options.recorder?.of(worker),
          },
          signals: options.signals ?? {},
        }),
      );
    }
    applyPauses();
    await Promise.all(subscriptions.map((each) => each.open()));
  };

  const drain = async (): Promise<void> => {
    // Unawaited: closing is what stops the pulling, and it ends only when handlers have.
    const closed = Promise.all(subscriptions.map((each) => each.close()));
    for (const each of subscriptions) each.drain();
    const idle = () => Promise.all(subscriptions.map((each) => each.idle()));
    if (!(await within(drainTimeoutSeconds * 1_000, idle()))) {
      for (const each of subscriptions) each.abort(drainTimeoutSeconds);
      await within(GRACE_MILLISECONDS, idle());
    }
    for (const each of subscriptions) each.release();
    if (!(await within(GRACE_MILLISECONDS, closed)))
      logger.warn(
        { seconds: GRACE_MILLISECONDS / 1_000 },
        'the broker did not take every ack in time; those messages come again',
      );
    await within(
      GRACE_MILLISECONDS,
      Promise.allSettled(clients.map((client) => client.close())),
    );
  };

  return {
    start: () => {
      if (drained)
        return Promise.reject(
          new Error('expected a new host to start, got: a drained one'),
        );
      return (started ??= start());
    },
    drain: () => (drained ??= drain()),
    setPauses: (given) => {
      paused = given;
      if (!drained) applyPauses();
    },
    status: () => {
      const states = subscriptions.map((each) => each.status());
      return {
        ready:
          started !== undefined &&
          drained === undefined &&
          states.every(
            ({ state, pausedByOperator }) =>
              state === 'streaming' || pausedByOperator,
          ),
        subscriptions: states,
        inFlight: subscriptions.reduce((sum, each) => sum + each.inFlight, 0),
      };
    },
  };
};
