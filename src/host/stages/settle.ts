import type { EntityManager } from 'typeorm';

import { payloadDocument } from '../../common/payload-document.ts';
import { writeDeadLetter } from '../../dead-letters/desk.ts';
import { bounded } from '../bounded.ts';
import { countFailure, forgetFailures } from '../failures.ts';
import { type Failure, type Handling, identityOf } from '../handling.ts';
import {
  isAbortedTransaction,
  TransactionFailedError,
} from '../../handler-transaction.ts';

/** Longest wait for Postgres to take the account of an attempt, in seconds. */
const ACCOUNT_SECONDS = 30;

const bury = async (
  handling: Handling,
  manager: EntityManager,
  error: Error,
  attempts: number,
): Promise<void> => {
  const { worker, raw } = handling;
  await writeDeadLetter(manager, {
    source: 'pubsub',
    subscription: worker.subscription,
    topic: worker.topic,
    identity: identityOf(handling),
    eventId: handling.eventId,
    messageId: raw.messageId,
    publishTime: raw.publishTime,
    orderingKey: raw.orderingKey,
    payload: raw.data,
    document: payloadDocument(worker.topic, raw.data),
    attributes: raw.attributes,
    error,
    attempts,
  });
};

/** Writes the dead letter of what no retry can mend. */
const settlePermanent = async (
  handling: Handling,
  { kind, error }: Failure,
): Promise<Handling> => {
  const { dependencies, worker } = handling;
  const ran = kind === 'unparsable' ? 0 : 1;
  const failures = await dependencies.dataSource.transaction(
    async (manager) => {
      const before = await forgetFailures(
        manager,
        worker.subscription,
        identityOf(handling),
      );
      await bury(handling, manager, error, before + ran);
      return before + ran;
    },
  );
  return handling.became('dead-letter', failures);
};

/** Counts the failure; the last permitted one writes the dead letter. */
const settleFailure = async (
  handling: Handling,
  { error }: Failure,
): Promise<Handling> => {
  const { dependencies, worker } = handling;
  const { dataSource } = dependencies;
  const identity = identityOf(handling);
  const failures = await countFailure(
    dataSource.manager,
    worker.subscription,
    identity,
  );
  if (failures < worker.maxFailures) return handling.became('nack', failures);
  await dataSource.transaction(async (manager) => {
    await bury(handling, manager, error, failures);
    await forgetFailures(manager, worker.subscription, identity);
  });
  return handling.became('dead-letter', failures);
};

/** Commits the handler's effects together with the inbox row. */
const settleTransaction = async (handling: Handling): Promise<Handling> => {
  const { transaction, worker, cancellation, failedBefore } = handling;
  if (!transaction) return handling;
  cancellation.onCancel({ cancelled: () => transaction.destroy() });
  try {
    if (failedBefore)
      await forgetFailures(
        transaction.manager,
        worker.subscription,
        identityOf(handling),
      );
    await transaction.commit();
    return handling.became('ack');
  } catch (error) {
    transaction.destroy();
    if (
      !isAbortedTransaction(error) &&
      !(error instanceof TransactionFailedError)
    )
      throw error;
    const failure: Failure = {
      kind: 'handler',
      error: new TransactionFailedError(),
    };
    handling.failure = failure;
    return settleFailure(handling, failure);
  } finally {
    cancellation.onCancel(undefined);
  }
};

/** A count left behind does no harm: event ids never come again. So Postgres may be down here. */
const forgetAfterwards = async (handling: Handling): Promise<Handling> => {
  const { dependencies, worker } = handling;
  await bounded(
    'forget failures',
    ACCOUNT_SECONDS,
    forgetFailures(
      dependencies.dataSource.manager,
      worker.subscription,
      identityOf(handling),
    ),
  ).catch(() => undefined);
  return handling.became('ack');
};

const settleAttempt = async (handling: Handling): Promise<Handling> => {
  const { failure, transaction, failedBefore } = handling;
  if (failure && transaction && !handling.abandoned)
    await transaction.rollback();
  switch (failure?.kind) {
    case 'unparsable':
    case 'permanent':
      return bounded(
        'write a dead letter',
        ACCOUNT_SECONDS,
        settlePermanent(handling, failure),
      );
    case 'handler':
      return bounded(
        'count a failure',
        ACCOUNT_SECONDS,
        settleFailure(handling, failure),
      );
    case 'infrastructure':
    case 'cancelled':
      return handling.became('nack');
    case undefined:
      if (handling.duplicate) return handling.became('duplicate');
      if (transaction)
        return bounded('commit', ACCOUNT_SECONDS, settleTransaction(handling));
      return failedBefore ? forgetAfterwards(handling) : handling.became('ack');
  }
};

const settleOrGiveBack = async (handling: Handling): Promise<Handling> => {
  try {
    return await settleAttempt(handling);
  } catch (error) {
    handling.transaction?.destroy();
    if (!handling.failure) handling.failed('infrastructure', error);
    return handling.became('nack');
  }
};

/**
 * Decides what becomes of the message, once that is written down. If Postgres cannot take it, the
 * message is nacked, so that nothing is lost; a commit whose answer is lost is found again in the
 * inbox. A plain success has nothing to write down and is settled at once.
 */
export const settle = (handling: Handling): Handling | Promise<Handling> =>
  handling.failure ||
  handling.transaction ||
  handling.duplicate ||
  handling.failedBefore
    ? settleOrGiveBack(handling)
    : handling.became('ack');
