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

/** Another process runs the job by now: this one was silent for longer than its lease. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';

  constructor(readonly job: string) {
    super(
      `expected to own ${job} until its end, but its lease ran out and another run took it over`,
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
