import { PermanentError } from '../dead-letters/permanent-error.ts';

/**
 * The mail server takes this mail never: mostly because it knows no such recipient. Correct the person's
 * address; the answer of the server, which quotes it, is the cause.
 */
export class MailRefusedError extends PermanentError {
  override readonly name = 'MailRefusedError';

  constructor(
    readonly userId: string,
    /** Of SMTP, 500 to 599. */
    readonly code: number,
    cause: Error,
  ) {
    super(
      `expected the mail server to take a mail for user ${userId}, got: ${code}; correct the address, then try again`,
      { cause },
    );
  }
}
