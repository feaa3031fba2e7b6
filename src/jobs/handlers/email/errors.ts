import { PermanentError } from '../../../dead-letters/permanent-error.ts';

/** A mail was to go to a person who is gone, or never was. */
export class UnknownRecipientError extends PermanentError {
  override readonly name = 'UnknownRecipientError';

  constructor(readonly userId: string) {
    super(
      `expected the id of a person, got: ${userId}; the person may be gone: resolve the job`,
    );
  }
}

/** A mail does not know what its template needs. Mend whoever created the job: `createMailJob` checks it. */
export class InvalidMailContextError extends PermanentError {
  override readonly name = 'InvalidMailContextError';

  constructor(
    readonly template: string,
    /** Path and expectation, never a value. */
    readonly problems: readonly string[],
  ) {
    super(
      `the context of the mail ${template} has ${problems.length} problem${problems.length === 1 ? '' : 's'}: ${problems.join('; ')}`,
    );
  }
}
