import { context } from '@opentelemetry/api';

import { withCause } from '../../events/context.ts';
import { PermanentError } from '../../workers/worker.ts';
import { setDeadline } from '../deadlines.ts';
import { HandlerTimeoutError } from '../errors.ts';
import {
  type Failure,
  type Handling,
  identityOf,
  logFieldsOf,
} from '../handling.ts';
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

const start = (handling: Handling): Promise<void> => {
  const { worker, transaction, eventId } = handling;
  return context.with(handling.context ?? context.active(), () =>
    withCause(
      {
        id: eventId ?? identityOf(handling),
        subscription: worker.subscription,
        manager: transaction?.manager,
      },
      () => call(handling),
    ),
  );
};

const failureOf = (error: unknown): Failure => ({
  kind: error instanceof PermanentError ? 'permanent' : 'handler',
  error,
});

const interruption = (reason: Error): Failure => ({
  kind: reason instanceof HandlerTimeoutError ? 'handler' : 'cancelled',
  error: reason,
});

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
    return Promise.resolve({ ...handling, failure: failureOf(error) });
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
      resolve({
        ...handling,
        failure: interruption(reason),
        abandoned: handler.catch(() => undefined),
      });
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
        resolve({ ...handling, failure: failureOf(error) });
      },
    );
  });
};
