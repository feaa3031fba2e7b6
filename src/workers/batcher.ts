import type { PubSub } from '@google-cloud/pubsub';
import {
  context,
  type Link,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import type { DataSource } from 'typeorm';

import {
  type Cause,
  currentCause,
  withCauses,
  withoutCause,
} from '../events/context.ts';
import type { Logger } from '../logger.ts';
import type { BatchFailures, Message } from './worker.ts';

const tracer = trace.getTracer('nightshift.workers');

export interface BatcherOptions<Data> {
  readonly subscription: string;
  /** Most messages of one batch. */
  readonly size: number;
  /** How long the first message waits for others, in milliseconds, when no batch runs. */
  readonly wait: number;
  readonly handleBatch: (
    messages: readonly Message<Data>[],
    con: DataSource,
    logger: Logger,
    pubsub: PubSub,
  ) => Promise<BatchFailures<Data> | void>;
}

interface Member<Data> {
  readonly message: Message<Data>;
  readonly cause: Cause | undefined;
  readonly link: Link | undefined;
  readonly settled: PromiseWithResolvers<void>;
}

interface Surroundings {
  readonly con: DataSource;
  readonly logger: Logger;
  readonly pubsub: PubSub;
}

/** To the span of a message, if it is kept: a link to another leads nowhere. */
const activeLink = (): Link | undefined => {
  const spanContext = trace.getSpanContext(context.active());
  return spanContext && spanContext.traceFlags & TraceFlags.SAMPLED
    ? { context: spanContext }
    : undefined;
};

/** What the host's messages tell without making the signal, which most batches never need. */
interface Cancellable {
  readonly cancelled?: boolean;
}

const cancelled = (message: Message<unknown> & Cancellable): boolean =>
  message.cancelled ?? message.signal.aborted;

/**
 * Those of whom somebody still wants to know. Whoever gave up comes again, and is told that nothing runs
 * for it: until then the host counts it among the handlers that run on.
 */
const wanted = <Data>(members: readonly Member<Data>[]): Member<Data>[] =>
  members.filter(({ message, settled }) => {
    if (!cancelled(message)) return true;
    settled.reject(message.signal.reason);
    return false;
  });

/**
 * Resolves when the time of every member is up: nobody waits for that batch any more. Listens to one
 * at a time, because a batch that ends in time has then listened to one and not to all.
 */
const givenUp = async (members: readonly Member<unknown>[]): Promise<void> => {
  for (const { message } of members) {
    if (cancelled(message)) continue;
    const { promise, resolve } = Promise.withResolvers<void>();
    message.signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
  }
};

/**
 * Gathers the messages that a worker handles at once into batches, one batch at a time: while one
 * runs, the next gathers. Each message keeps its own way through the host, with its own time,
 * failures and acknowledgement.
 *
 * A batch that throws is divided and tried again in halves, down to single messages, so that one
 * bad message fails alone.
 */
export class Batcher<Data> {
  readonly #options: BatcherOptions<Data>;
  #waiting: Member<Data>[] = [];
  #surroundings: Surroundings | undefined;
  #running = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BatcherOptions<Data>) {
    this.#options = options;
  }

  /** Resolves once the message was handled in some batch; rejects with what it failed by. */
  handle(
    message: Message<Data>,
    con: DataSource,
    logger: Logger,
    pubsub: PubSub,
  ): Promise<void> {
    const settled = Promise.withResolvers<void>();
    this.#waiting.push({
      message,
      cause: currentCause(),
      link: activeLink(),
      settled,
    });
    this.#surroundings = { con, logger, pubsub };
    if (this.#waiting.length >= this.#options.size) this.#start();
    else
      this.#timer ??= setTimeout(() => {
        this.#start();
      }, this.#options.wait);
    return settled.promise;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running || this.#surroundings === undefined) return;
    const waiting = wanted(this.#waiting);
    const members = waiting.slice(0, this.#options.size);
    this.#waiting = waiting.slice(this.#options.size);
    if (members.length === 0) return;
    this.#running = true;
    const surroundings = this.#surroundings;
    const done = withoutCause(() =>
      context.with(ROOT_CONTEXT, () => this.#run(members, surroundings)),
    );
    void Promise.race([done, givenUp(members)]).then(() => {
      this.#running = false;
      this.#start();
    });
  }

  /** Settles every member; never rejects. */
  async #run(
    members: readonly Member<Data>[],
    surroundings: Surroundings,
  ): Promise<void> {
    const { subscription } = this.#options;
    const span = tracer.startSpan(`process batch ${subscription}`, {
      links: members.flatMap(({ link }) => link ?? []),
      attributes: {
        'messaging.batch.message_count': members.length,
        'messaging.destination.subscription.name': subscription,
      },
    });
    try {
      const failures = await context.with(
        trace.setSpan(ROOT_CONTEXT, span),
        () => this.#call(members, surroundings),
      );
      for (const { message, settled } of members)
        if (failures?.has(message)) settled.reject(failures.get(message));
        else settled.resolve();
      // eslint-disable-next-line no-restricted-syntax -- every member is told, now or by its half.
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      if (members.length === 1) members[0]?.settled.reject(error);
      else await this.#divide(members, surroundings);
    } finally {
      span.end();
    }
  }

  async #divide(
    members: readonly Member<Data>[],
    surroundings: Surroundings,
  ): Promise<void> {
    const middle = Math.ceil(members.length / 2);
    for (const half of [members.slice(0, middle), members.slice(middle)]) {
      const left = wanted(half);
      if (left.length > 0) await this.#run(left, surroundings);
    }
  }

  async #call(
    members: readonly Member<Data>[],
    { con, logger, pubsub }: Surroundings,
  ): Promise<BatchFailures<Data> | void> {
    return withCauses(members, () =>
      this.#options.handleBatch(
        members.map(({ message }) => message),
        con,
        logger,
        pubsub,
      ),
    );
  }
}
