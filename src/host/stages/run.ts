import { withCause } from '../../events/context.ts';
import { PermanentError } from '../../workers/worker.ts';
import { setDeadline } from '../deadlines.ts';
import { HandlerTimeoutError } from '../errors.ts';
import { type Handling, identityOf, logFieldsOf } from '../handling.ts';
import { lazyLogger } from '../lazy-logger.ts';
import { HandlerMessage } from '../message.ts';

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

const failed = (handling: Handling, error: unknown): Handling =>
  handling.failed(
    error instanceof PermanentError ? 'permanent' : 'handler',
    error,
  );

const interrupted = (handling: Handling, reason: Error): Handling =>
  handling.failed(
    reason instanceof HandlerTimeoutError ? 'handler' : 'cancelled',
    reason,
  );

/**
 * Runs the handler, with its span active and its cause known, until it ends, its time is up or the
 * process gives it up. What was given up is cut off from its transaction and goes on in `abandoned`.
 */
export const run = (handling: Handling): Promise<Handling> => {
  const { worker, cancellation } = handling;
  let handler: Promise<void>;
  try {
    // Whatever a handler returns is waited for, also if it is no promise.
    handler = Promise.resolve(start(handling));
  } catch (error) {
    return Promise.resolve(failed(handling, error));
  }
  return new Promise((resolve) => {
    const deadline = setDeadline(worker.timeoutSeconds, () => {
      cancellation.cancel(
        new HandlerTimeoutError(worker.subscription, worker.timeoutSeconds),
      );
    });
    cancellation.onCancel((reason) => {
      deadline.clear();
      handling.transaction?.destroy();
      handling.abandoned = handler.catch(() => undefined);
      resolve(interrupted(handling, reason));
    });
    // Whoever is second finds the promise resolved, or its listener taken away.
    handler.then(
      () => {
        if (cancellation.reason) return;
        deadline.clear();
        cancellation.onCancel(undefined);
        resolve(handling);
      },
      (error: unknown) => {
        if (cancellation.reason) return;
        deadline.clear();
        cancellation.onCancel(undefined);
        resolve(failed(handling, error));
      },
    );
  });
};
