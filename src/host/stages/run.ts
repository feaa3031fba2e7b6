import { context } from '@opentelemetry/api';

import { withCause } from '../../events/context.ts';
import { PermanentError } from '../../workers/worker.ts';
import { HandlerTimeoutError } from '../errors.ts';
import {
  type Failure,
  type Handling,
  identityOf,
  logFieldsOf,
} from '../handling.ts';
import { HandlerMessage } from '../message.ts';
import { TransactionFailedError } from '../transaction.ts';

/** The handler's promise; also for handlers that throw before they give one. */
const start = (handling: Handling): Promise<void> => {
  const { dependencies, worker, raw, data, cancellation } = handling;
  const manager = handling.transaction?.manager;
  const message = new HandlerMessage(raw, data, cancellation);
  const logger = dependencies.logger.child(logFieldsOf(handling));
  const cause = {
    id: handling.eventId ?? identityOf(handling),
    subscription: worker.subscription,
    manager,
  };
  const handler = async () =>
    worker.run(
      message,
      manager ?? dependencies.dataSource,
      logger,
      dependencies.pubsub,
    );
  return context.with(handling.context ?? context.active(), () =>
    withCause(cause, handler),
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
  const { worker, cancellation, transaction } = handling;
  const handler = start(handling);
  return new Promise((resolve) => {
    const timer = setTimeout(
      () =>
        cancellation.cancel(
          new HandlerTimeoutError(worker.subscription, worker.timeoutSeconds),
        ),
      worker.timeoutSeconds * 1_000,
    );
    const end = (next: Handling) => {
      clearTimeout(timer);
      resolve(next);
    };
    cancellation.onCancel((reason) => {
      transaction?.destroy();
      const abandoned = handler.catch(() => undefined);
      end({ ...handling, failure: interruption(reason), abandoned });
    });
    handler.then(
      () => {
        if (cancellation.reason) return;
        cancellation.onCancel(undefined);
        end(
          transaction?.failed
            ? { ...handling, failure: failureOf(new TransactionFailedError()) }
            : handling,
        );
      },
      (error: unknown) => {
        if (cancellation.reason) return;
        cancellation.onCancel(undefined);
        end({ ...handling, failure: failureOf(error) });
      },
    );
  });
};
