/** A filter or option that cannot be meant; says which, what was expected and what was given. */
export class FilterError extends Error {
  override readonly name = 'FilterError';

  constructor(
    readonly option: string,
    readonly expected: string,
    readonly given: string,
  ) {
    super(
      `expected ${option} to be ${expected}, got: ${JSON.stringify(given)}`,
    );
  }
}

/** A search of the desk took longer than it may. */
export class DeskTimeoutError extends Error {
  override readonly name = 'DeskTimeoutError';

  constructor(
    readonly seconds: number,
    options: ErrorOptions,
  ) {
    super(
      `the desk was searched for ${seconds} s without an end, and the search was stopped; ` +
        'narrow the filter, by subscription or fingerprint for example',
      options,
    );
  }
}

/** There is no such entry. */
export class UnknownDeadLetterError extends Error {
  override readonly name = 'UnknownDeadLetterError';

  constructor(readonly id: string) {
    super(
      `expected the id of an entry of the desk, got: ${id}; nightshift dead-letters list --entries shows them`,
    );
  }
}

/** The payload of an entry cannot be edited; says why, and what else to do. Nothing was run. */
export class NotEditableError extends Error {
  override readonly name = 'NotEditableError';
}
