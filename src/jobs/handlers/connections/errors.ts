import { PermanentError } from '../../../dead-letters/permanent-error.ts';

/** A server that answers for now, but not with a feed: the next attempt may find it well. */
export class FeedUnavailableError extends Error {
  override readonly name = 'FeedUnavailableError';

  constructor(
    readonly connectionId: string,
    readonly status: number,
  ) {
    super(
      `expected the feed of connection ${connectionId} to be answered with 200 or 304, got: ${status}; it is tried again`,
    );
  }
}

/** The server knows no feed at this address. Often enough it comes back, so that it is asked a few times. */
export class FeedMissingError extends Error {
  override readonly name = 'FeedMissingError';

  constructor(
    readonly connectionId: string,
    readonly status: number,
    readonly failures: number,
  ) {
    super(
      `expected a feed at the address of connection ${connectionId}, got: ${status}, ${failures} times in a row; it is tried again`,
    );
  }
}

/** The feed was missing so often that its connection was disabled. */
export class FeedGoneError extends PermanentError {
  override readonly name = 'FeedGoneError';

  constructor(
    readonly connectionId: string,
    readonly status: number,
    readonly failures: number,
  ) {
    super(
      `expected a feed at the address of connection ${connectionId}, got: ${status}, ${failures} times in a row; ` +
        'the connection is disabled: give it the address of a feed and enable it again',
    );
  }
}

/** The server does not let us have the feed, such as with 401 or 403. */
export class FeedRefusedError extends PermanentError {
  override readonly name = 'FeedRefusedError';

  constructor(
    readonly connectionId: string,
    readonly status: number,
  ) {
    super(
      `expected the feed of connection ${connectionId} to be public, got: ${status}; ask its publisher, or give the connection another address`,
    );
  }
}

/** The address of a connection cannot be fetched within the limits, or may not be at all. */
export class FeedUnfetchableError extends PermanentError {
  override readonly name = 'FeedUnfetchableError';

  constructor(
    readonly connectionId: string,
    cause: Error,
  ) {
    super(
      `expected the feed of connection ${connectionId} to be one that may be fetched: ${cause.message}`,
      { cause },
    );
  }
}

/** What was fetched is no feed, or a broken one. */
export class UnreadableFeedError extends PermanentError {
  override readonly name = 'UnreadableFeedError';

  constructor(
    readonly connectionId: string,
    readonly reason: 'not-a-feed' | 'malformed',
    detail: string,
  ) {
    super(
      `expected connection ${connectionId} to lead to RSS, Atom, RDF or JSON Feed, got: ${detail}; ` +
        'give the connection the address of the feed itself, or tell its publisher',
    );
  }
}

/** Parsing the feed took more than it may. */
export class FeedTooComplexError extends PermanentError {
  override readonly name = 'FeedTooComplexError';

  constructor(
    readonly connectionId: string,
    readonly exceeded: 'time' | 'memory',
  ) {
    super(
      `expected the feed of connection ${connectionId} to be parsed within its limits, but it took more ${exceeded}; ` +
        'look at what its address sends',
    );
  }
}
