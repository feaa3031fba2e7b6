/** An object key that could not be a file's path everywhere. Give one of the form that `checkKey` describes. */
export class ObjectKeyError extends Error {
  override readonly name = 'ObjectKeyError';

  constructor(readonly key: string) {
    super(
      'expected an object key of at most 512 characters: parts of lower-case letters, digits, ".", "_" and "-" ' +
        `that begin with a letter or digit, joined by "/"; got: ${JSON.stringify(key.slice(0, 100))}`,
    );
  }
}

/** There is no object of this key: it was never written, or was deleted. */
export class ObjectMissingError extends Error {
  override readonly name = 'ObjectMissingError';

  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`expected an object with the key ${key}, found none`, options);
  }
}

/** Links to objects in a folder are signed, and no secret is configured. Set it and run again. */
export class LinkSecretMissingError extends Error {
  override readonly name = 'LinkSecretMissingError';

  constructor(readonly variable = 'EXPORT_LINK_SECRET') {
    super(
      `expected ${variable} to be set (16 characters or more), got nothing; ` +
        'without it no link to an export can be signed. Set it for every process, then run the job again',
    );
  }
}
