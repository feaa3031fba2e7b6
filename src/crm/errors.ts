import { PermanentError } from '../dead-letters/permanent-error.ts';

/** The CRM did not take a contact this time: it is busy, broken, or does not know us. Trying again may help. */
export class CrmUnavailableError extends Error {
  override readonly name = 'CrmUnavailableError';

  constructor(
    readonly userId: string,
    /** Of HTTP. */
    readonly status: number,
  ) {
    super(
      `expected the CRM to take the contact of user ${userId}, got: ${status}; it is tried again` +
        (status === 401 || status === 403 ? '. Check CRM_TOKEN' : ''),
    );
  }
}

/** The CRM takes this contact never. Correct the person's row, which is then sent again by itself. */
export class CrmRefusedError extends PermanentError {
  override readonly name = 'CrmRefusedError';

  constructor(
    readonly userId: string,
    /** Of HTTP. */
    readonly status: number,
  ) {
    super(
      `expected the CRM to take the contact of user ${userId}, got: ${status}; correct the person's row, ` +
        'or the address in CRM_URL, then redrive the dead letter',
    );
  }
}
