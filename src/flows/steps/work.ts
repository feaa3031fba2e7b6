import { withCause } from '../../events/context.ts';
import { HandlerTransaction } from '../../handler-transaction.ts';
import { TaskLostError } from '../errors.ts';
import { interruptible } from '../execution/interruptible.ts';
import { persistently } from '../execution/persistently.ts';
import { contextOf, encoded, taskKey } from './known.ts';
import type { Running, TaskOutcome } from './running.ts';

/** Calls a handler so that what it triggers and creates has the same ids on every attempt. */
const call = (
  { task, signal }: Running,
  manager: HandlerTransaction['manager'] | undefined,
  handle: () => unknown,
): Promise<unknown> =>
  interruptible(
    withCause(
      { id: taskKey(task), subscription: `flow ${task.flow}`, manager },
      async () => handle(),
    ),
    signal,
  );

/** Effects, the end of the task and what follows are one commit. */
const inTransaction = async (
  running: Running,
  handler: (context: object) => unknown,
  given: object,
): Promise<TaskOutcome> => {
  const { context, channel, signal, task, plan, planned } = running;
  const transaction = await persistently(
    () => HandlerTransaction.begin(context.con),
    signal,
  );
  const { manager } = transaction;
  // What a signal cannot stop in JavaScript, it cuts off from the database.
  const destroy = (): void => transaction.destroy();
  signal.addEventListener('abort', destroy);
  try {
    signal.throwIfAborted();
    const output = encoded(
      running,
      await call(running, manager, () =>
        handler({ ...contextOf(running), ...given, manager }),
      ),
    );
    const end = { ...task, plan, state: 'completed', output } as const;
    const settled = await (planned.kind === 'map'
      ? channel.settleItem(end, manager)
      : channel.settle(end, manager));
    if (settled === 'lost') throw new TaskLostError(taskKey(task));
    await transaction.commit();
    return { type: 'written' };
  } catch (error) {
    await transaction.rollback();
    throw error;
  } finally {
    signal.removeEventListener('abort', destroy);
  }
};

/** Runs the handler of a step. @param given what it is given besides what all handlers are */
export const runHandler = async (
  running: Running,
  handler: (context: object) => unknown,
  given: object,
): Promise<TaskOutcome> => {
  if (running.planned.transactional)
    return inTransaction(running, handler, given);
  const { con } = running.context;
  const returned = await call(running, undefined, () =>
    handler({ ...contextOf(running), ...given, con }),
  );
  return {
    type: 'ended',
    state: 'completed',
    output: encoded(running, returned),
  };
};
