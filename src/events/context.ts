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

/** A class, because one is made for every message. */
class RunningCause implements Cause {
  readonly id: string;
  readonly subscription: string;
  readonly manager: EntityManager | undefined;
  #ordinal = 0;

  constructor(cause: Pick<Cause, 'id' | 'subscription' | 'manager'>) {
    this.id = cause.id;
    this.subscription = cause.subscription;
    this.manager = cause.manager;
  }

  nextOrdinal(): number {
    return this.#ordinal++;
  }
}

const causes = new AsyncLocalStorage<Cause>();

/** Runs a handler so that the events it triggers know their cause. */
export const withCause = <Result>(
  cause: Pick<Cause, 'id' | 'subscription' | 'manager'>,
  handler: () => Result,
): Result => causes.run(new RunningCause(cause), handler);

/** Runs code on behalf of several messages, or of none: its events have no one cause. */
export const withoutCause = <Result>(work: () => Result): Result =>
  causes.exit(work);

/** The cause of the code that runs now; `undefined` outside of handlers. */
export const currentCause = (): Cause | undefined => causes.getStore();
