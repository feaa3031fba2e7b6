import { AsyncLocalStorage } from 'node:async_hooks';

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

const causes = new AsyncLocalStorage<Cause>();

/** Runs a handler so that the events it triggers know their cause. */
export const withCause = <Result>(
  cause: Pick<Cause, 'id' | 'subscription' | 'manager'>,
  handler: () => Result,
): Result => {
  let ordinal = 0;
  return causes.run({ ...cause, nextOrdinal: () => ordinal++ }, handler);
};

/** The cause of the code that runs now; `undefined` outside of handlers. */
export const currentCause = (): Cause | undefined => causes.getStore();
