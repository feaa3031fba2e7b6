import { PermanentError } from '../../dead-letters/permanent-error.ts';

/** An attempt took longer than it may. */
export class JobTimeoutError extends Error {
  override readonly name = 'JobTimeoutError';

  constructor(
    readonly job: string,
    readonly seconds: number,
  ) {
    super(
      `expected ${job} to end within ${seconds} s; make it shorter, let it stop at its signal, ` +
        'or raise timeoutSeconds in src/jobs/declarations.ts',
    );
  }
}

/** The process, or the time it was given, ends before the job did; the attempt does not count. */
export class JobCutError extends Error {
  override readonly name = 'JobCutError';

  constructor(readonly job: string) {
    super(
      `the process stops before ${job} has ended; another one runs it again`,
    );
  }
}

/** Another process runs the job by now, because this one was silent for longer than its lease; or it was cancelled. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';

  constructor(readonly job: string) {
    super(
      `expected to own ${job} until its end, but its lease ran out and another run took it over, or an operator cancelled it`,
    );
  }
}

/** A job's payload does not fit its declaration any more. */
export class UnreadablePayloadError extends PermanentError {
  override readonly name = 'UnreadablePayloadError';

  /** @param problems paths and messages, without values. */
  constructor(
    readonly job: string,
    readonly problems: readonly string[],
  ) {
    super(
      `expected the payload of ${job} as src/jobs/declarations.ts declares it: ${problems.join('; ')}`,
    );
  }
}

/**
 * Postgres refuses to write down how an attempt ended, and would refuse it again: text or a number in its result,
 * its error or its notes that no column holds. The attempt has failed; what it told of itself is not kept.
 */
export class UnwritableEndError extends Error {
  override readonly name = 'UnwritableEndError';

  /** @param sqlState why, in Postgres's words (appendix A of its manual). */
  constructor(readonly sqlState: string) {
    super(
      `expected an end that Postgres can keep, but it refused it with SQLSTATE ${sqlState}; ` +
        'return plain JSON, and tell plain text as progress and log',
    );
  }
}

/** What a handler returned cannot be kept. */
export class UnkeepableResultError extends PermanentError {
  override readonly name = 'UnkeepableResultError';

  constructor(
    readonly job: string,
    readonly why: string,
  ) {
    super(
      `expected ${job} to return something that can be kept, but ${why}; return ids or a summary`,
    );
  }
}
