import { PermanentError } from '../workers/worker.ts';

/** A handler did not end within its worker's `timeoutSeconds`; the attempt counts as failed. */
export class HandlerTimeoutError extends Error {
  override readonly name = 'HandlerTimeoutError';

  constructor(
    readonly subscription: string,
    readonly timeoutSeconds: number,
  ) {
    super(
      `expected the handler of ${subscription} to end within ${timeoutSeconds} s; ` +
        'let it observe message.signal, or raise timeoutSeconds of its worker',
    );
  }
}

/** The process drains and its limit has passed: what still ran was aborted and will come again. */
export class DrainAbortedError extends Error {
  override readonly name = 'DrainAbortedError';

  constructor(readonly limitSeconds: number) {
    super(
      `the process stops and the handler was still running after ${limitSeconds} s; ` +
        'the message is given back and comes again',
    );
  }
}

/** A transactional worker got a message that has no event id to keep in the inbox. */
export class MissingEventIdError extends PermanentError {
  override readonly name = 'MissingEventIdError';

  constructor(readonly subscription: string) {
    super(
      `expected a message for the transactional worker of ${subscription} to carry its event id ` +
        "(attribute 'id' of triggered events), got none; mend its publisher",
    );
  }
}

/** Postgres did not answer in time; the message is given back and the handler blamed for nothing. */
export class DatabaseSilentError extends Error {
  override readonly name = 'DatabaseSilentError';

  constructor(
    readonly step: string,
    readonly seconds: number,
  ) {
    super(
      `expected Postgres to answer within ${seconds} s (${step}); ` +
        'look at the pool size, locks and the health of the server',
    );
  }
}
