import { errorOf } from '../../dead-letters/thrown.ts';
import { withCause } from '../../events/context.ts';
import { PermanentError } from '../../workers/worker.ts';
import type { CancelListener } from '../cancellation.ts';
import { Deadline, setDeadline } from '../deadlines.ts';
import { HandlerTimeoutError } from '../errors.ts';
import { type Handling, identityOf, logFieldsOf } from '../handling.ts';
import { lazyLogger } from '../lazy-logger.ts';
import { HandlerMessage } from '../message.ts';

const failed = (handling: Handling, thrown: unknown): Handling => {
  const error = errorOf(thrown);
  return handling.failed(
    error instanceof PermanentError ? 'permanent' : 'handler',
    error,
  );
};

const call = (handling: Handling): Promise<void> => {
  const { dependencies, worker, raw, data, cancellation } = handling;
  return worker.run(
    new HandlerMessage(raw, data, cancellation),
    handling.transaction?.manager ?? dependencies.dataSource,
    lazyLogger(dependencies.logger, () => logFieldsOf(handling)),
    dependencies.pubsub,
  );
};

const start = (handling: Handling): Promise<void> =>
  withCause(
    {
      id: handling.eventId ?? identityOf(handling),
      subscription: handling.worker.subscription,
      manager: handling.transaction?.manager,
    },
    () => call(handling),
    handling.context,
  );

/**
 * One run of a handler, which ends by itself or is given up. An object and not closures, because one is
 * made for every message.
 */
class Attempt extends Deadline implements CancelListener {
  readonly #handling: Handling;
  readonly #handler: Promise<void>;
  readonly #end: (handling: Handling) => void;

  constructor(
    handling: Handling,
    handler: Promise<void>,
    end: (handling: Handling) => void,
  ) {
    super();
    this.#handling = handling;
    this.#handler = handler;
    this.#end = end;
  }

  watch(): void {
    const { worker, cancellation, transaction, startedAt } = this.#handling;
    // Without a transaction to wait for, it begins in the same turn as the handling.
    if (transaction) setDeadline(this, worker.timeoutSeconds);
    else setDeadline(this, worker.timeoutSeconds, startedAt);
    cancellation.onCancel(this);
    this.#handler.then(
      () => {
        if (this.#stopWatching()) this.#end(this.#handling);
      },
      (error: unknown) => {
        if (this.#stopWatching()) this.#end(failed(this.#handling, error));
      },
    );
  }

  override passed(): void {
    const { worker, cancellation } = this.#handling;
    cancellation.cancel(
      new HandlerTimeoutError(worker.subscription, worker.timeoutSeconds),
    );
  }

  /** The handler is cut off from its transaction and goes on in `abandoned`. */
  cancelled(reason: Error): void {
    this.clear();
    const handling = this.#handling;
    handling.transaction?.destroy();
    handling.abandoned = this.#handler.catch(() => undefined);
    const kind =
      reason instanceof HandlerTimeoutError ? 'handler' : 'cancelled';
    this.#end(handling.failed(kind, reason));
  }

  /** @returns whether the handler was still waited for. */
  #stopWatching(): boolean {
    const { cancellation } = this.#handling;
    if (cancellation.reason) return false;
    this.clear();
    cancellation.onCancel(undefined);
    return true;
  }
}

/**
 * Runs the handler, with its span active and its cause known, until it ends, its time is up or the
 * process gives it up.
 *
 * @param end called once.
 */
export const run = (
  handling: Handling,
  end: (handling: Handling) => void,
): void => {
  let handler: Promise<void>;
  try {
    // Whatever a handler returns is waited for, also if it is no promise.
    handler = Promise.resolve(start(handling));
  } catch (error) {
    end(failed(handling, error));
    return;
  }
  new Attempt(handling, handler, end).watch();
};
