import { storable } from '../../dead-letters/text.ts';
import { DatabaseSilentError, MissingEventIdError } from '../errors.ts';
import type { Handling } from '../handling.ts';
import { HandlerTransaction } from '../../handler-transaction.ts';

/** @param again take the event although it is there, and only one at a time all the same. */
const insertInto = async (
  transaction: HandlerTransaction,
  subscription: string,
  eventId: string,
  again: boolean,
): Promise<boolean> => {
  const onConflict = again
    ? '(subscription, event_id) do update set received_at = now()'
    : 'do nothing';
  const rows = await transaction.manager.query<unknown[]>(
    `insert into inbox (subscription, event_id) values ($1, $2)
     on conflict ${onConflict} returning event_id`,
    [subscription, storable(eventId)],
  );
  return rows.length > 0;
};

/**
 * Opens the transaction and puts the event into the inbox.
 *
 * @returns the transaction; `undefined` if the event is there already.
 */
const begin = async (
  handling: Handling,
  eventId: string,
): Promise<HandlerTransaction | undefined> => {
  const { dependencies, worker, cancellation } = handling;
  const transaction = await HandlerTransaction.begin(dependencies.dataSource);
  try {
    if (cancellation.reason) throw cancellation.reason;
    // Waits for another transaction that holds the same event, which may still roll back.
    cancellation.onCancel({ cancelled: () => transaction.destroy() });
    const claimed = await insertInto(
      transaction,
      worker.subscription,
      eventId,
      handling.again,
    );
    if (claimed) return transaction;
    await transaction.rollback();
    return undefined;
  } catch (error) {
    await transaction.rollback();
    throw error;
  } finally {
    cancellation.onCancel(undefined);
  }
};

/**
 * For transactional workers: begins the one transaction of the handler, with the inbox row of this
 * event as its first statement. A conflict means that the effects are committed already.
 */
export const claim = async (handling: Handling): Promise<Handling> => {
  const { worker, eventId, cancellation } = handling;
  if (eventId === undefined) {
    const error = new MissingEventIdError(worker.subscription);
    return handling.failed('unparsable', error);
  }
  const { timeoutSeconds } = worker;
  return new Promise<Handling>((resolve) => {
    const fail = (error: unknown) =>
      resolve(handling.failed('infrastructure', error));
    const silence = setTimeout(() => {
      cancellation.cancel(
        new DatabaseSilentError(
          `claim for ${worker.subscription}`,
          timeoutSeconds,
        ),
      );
      fail(cancellation.reason);
    }, timeoutSeconds * 1_000);
    cancellation.onCancel({ cancelled: fail });
    begin(handling, eventId)
      .then((transaction) => {
        // Given up on in the meantime.
        if (handling.failure) return transaction?.destroy();
        handling.transaction = transaction;
        handling.duplicate = transaction === undefined;
        resolve(handling);
      }, fail)
      .finally(() => clearTimeout(silence));
  });
};
