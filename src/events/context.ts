import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

import {
  type Context,
  context,
  type ContextManager,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import type { EntityManager } from 'typeorm';

/** Why code runs: the message whose handler it is part of. */
export interface Cause {
  /** Event id of the message being handled, or its identity if it has no event id. */
  readonly id: string;
  readonly subscription: string;
  /** The transaction of a transactional handler, joined by the events it triggers. */
  readonly manager: EntityManager | undefined;
  /** Numbers the events of one handler run from 0, so that a second run numbers them alike. */
  nextOrdinal(): number;
}

/** What code that runs knows of where it comes from: its cause, and the span that is active. */
interface Origin {
  readonly cause: Cause | undefined;
  readonly trace: Context;
  /** Where several messages are handled at once: the cause that one of them is. */
  readonly causeOf?: CauseOf | undefined;
}

type CauseOf = (message: object) => Cause | undefined;

/** Cause and origin in one, because one is made for every message. */
class RunningCause implements Cause, Origin {
  readonly id: string;
  readonly subscription: string;
  readonly manager: EntityManager | undefined;
  #ordinal = 0;

  constructor(
    cause: Pick<Cause, 'id' | 'subscription' | 'manager'>,
    readonly trace: Context,
  ) {
    this.id = cause.id;
    this.subscription = cause.subscription;
    this.manager = cause.manager;
  }

  get cause(): this {
    return this;
  }

  nextOrdinal(): number {
    return this.#ordinal++;
  }
}

/** One storage for both, because running code in two costs a message twice. */
const origins = new AsyncLocalStorage<Origin>();

/** Where this module was loaded: in no context of anybody's. */
const outermost = new AsyncResource('nightshift.handlers');

const enter = <Result>(origin: Origin, work: () => Result): Result => {
  origins.enterWith(origin);
  return work();
};

/**
 * Runs a handler so that the events it triggers know their cause. From an `AsyncLocalStorage` of anybody
 * else it gets nothing: `run` copies the surrounding context to enter it and once more to leave it, and
 * what a message is acknowledged with holds the second copy until the broker has answered.
 *
 * @param trace the context of its span. @default the active one
 */
export const withCause = <Result>(
  cause: Pick<Cause, 'id' | 'subscription' | 'manager'>,
  handler: () => Result,
  trace: Context = context.active(),
): Result =>
  outermost.runInAsyncScope(
    enter<Result>,
    undefined,
    new RunningCause(cause, trace),
    handler,
  );

/** Runs code on behalf of several messages, or of none: its events have no one cause. */
export const withoutCause = <Result>(work: () => Result): Result =>
  origins.run({ cause: undefined, trace: context.active() }, work);

/**
 * Runs code on behalf of several messages, each with the cause that its own handling has; see
 * `onBehalfOf`. The causes number events from 0 again each time.
 */
export const withCauses = <Result>(
  members: readonly {
    readonly message: object;
    readonly cause: Cause | undefined;
  }[],
  work: () => Result,
): Result => {
  const trace = context.active();
  let causes: Map<object, Cause | undefined> | undefined;
  const causeOf: CauseOf = (message) => {
    causes ??= new Map(
      members.map(({ message: member, cause }) => [
        member,
        cause && new RunningCause(cause, trace),
      ]),
    );
    return causes.get(message);
  };
  return origins.run({ cause: undefined, trace, causeOf }, work);
};

/**
 * Runs the part of a batch that is about one of its messages, so that the events it triggers have that
 * message as their cause, and the same ids when it is handled again.
 *
 * @throws NotInBatchError if no batch with this message is being handled.
 */
export const onBehalfOf = <Result>(
  message: object,
  work: () => Result,
): Result => {
  const origin = origins.getStore();
  const cause = origin?.causeOf?.(message);
  if (cause === undefined) throw new NotInBatchError();
  return origins.run(
    { cause, trace: context.active(), causeOf: origin?.causeOf },
    work,
  );
};

/** `onBehalfOf` was given something else than a message of the batch that is being handled. */
export class NotInBatchError extends Error {
  override readonly name = 'NotInBatchError';

  constructor() {
    super(
      'expected a message of the batch that is being handled, got another object; ' +
        'call onBehalfOf within handleBatch, with one of its messages',
    );
  }
}

/** The cause of the code that runs now; `undefined` outside of handlers. */
export const currentCause = (): Cause | undefined => origins.getStore()?.cause;

const originAt = (trace: Context): Origin => {
  const origin = origins.getStore();
  return { cause: origin?.cause, trace, causeOf: origin?.causeOf };
};

/** Keeps OpenTelemetry's context where causes are kept. Register it with the tracer's provider. */
export class OriginContextManager implements ContextManager {
  active(): Context {
    return origins.getStore()?.trace ?? ROOT_CONTEXT;
  }

  with<Args extends unknown[], Handler extends (...args: Args) => unknown>(
    trace: Context,
    handler: Handler,
    thisArg?: ThisParameterType<Handler>,
    ...args: Args
  ): ReturnType<Handler> {
    const origin = originAt(trace);
    return origins.run(
      origin,
      () => handler.apply(thisArg, args) as ReturnType<Handler>,
    );
  }

  bind<Target>(trace: Context, target: Target): Target {
    if (typeof target !== 'function') return target;
    const origin = originAt(trace);
    const work = target as (...args: unknown[]) => unknown;
    const bound = (...args: unknown[]): unknown =>
      origins.run(origin, () => work(...args));
    return bound as Target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}
