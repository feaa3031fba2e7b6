import {
  ForbiddenAddressError,
  ResponseTooLargeError,
  TooManyRedirectsError,
} from '../../../outgoing/errors.ts';
import { guardedFetch } from '../../../outgoing/guarded-fetch.ts';
import {
  FeedGoneError,
  FeedMissingError,
  FeedRefusedError,
  FeedUnavailableError,
  FeedUnfetchableError,
} from './errors.ts';
import type { SyncedConnection } from './lease.ts';
import type { SyncLimits } from './limits.ts';

/** The feed has not changed since the validators that were sent. */
export interface NotModified {
  readonly type: 'not-modified';
}

/** A feed as it was answered. */
export interface FetchedFeed {
  readonly type: 'fetched';
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** The `link` header. */
  readonly link: string | undefined;
  /** Where the answer came from, after all redirects. */
  readonly url: string;
  /** Where the feed lives now, if its old address said that it moved for good. */
  readonly movedTo: string | undefined;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly limits: SyncLimits;
  /** Whether the feed may be at a private address. */
  readonly allowPrivate: boolean;
}

const accept =
  'application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.5';

const conditions = ({
  etag,
  lastModified,
}: SyncedConnection): Record<string, string> => ({
  ...(etag !== null && { 'if-none-match': etag }),
  ...(lastModified !== null && { 'if-modified-since': lastModified }),
});

/** Trying again later may help: the request took too long, came too early, or too often. */
const isTransient = (status: number): boolean =>
  status >= 500 || [408, 421, 425, 429].includes(status);

const refuse = (
  { id, consecutiveFailures }: SyncedConnection,
  status: number,
  { maximumFailures }: SyncLimits,
): Error => {
  if (status === 404 || status === 410) {
    const failures = consecutiveFailures + 1;
    return failures >= maximumFailures
      ? new FeedGoneError(id, status, failures)
      : new FeedMissingError(id, status, failures);
  }
  // Other answers than an error are of no use either, but the server may come to its senses.
  if (status < 400 || isTransient(status))
    return new FeedUnavailableError(id, status);
  return new FeedRefusedError(id, status);
};

/** The end of the permanent redirects that the chain begins with: what follows a temporary one is temporary. */
const movedTo = (
  redirects: readonly { readonly to: string; readonly status: number }[],
): string | undefined => {
  const temporary = redirects.findIndex(
    ({ status }) => status !== 301 && status !== 308,
  );
  const permanent =
    temporary === -1 ? redirects : redirects.slice(0, temporary);
  return permanent.at(-1)?.to;
};

/** Headers that are kept are no place for a server to leave its novels. */
const bounded = (value: string | null): string | undefined =>
  value !== null && value.length <= 1_000 ? value : undefined;

const request = async (
  connection: SyncedConnection,
  { signal, limits, allowPrivate }: FetchOptions,
) => {
  try {
    return await guardedFetch(connection.url, {
      headers: {
        accept,
        'user-agent': 'Nightshift (feed reader)',
        ...conditions(connection),
      },
      signal,
      maxBytes: limits.maximumBytes,
      maxRedirects: limits.maximumRedirects,
      timeoutSeconds: limits.requestSeconds,
      idleSeconds: limits.idleSeconds,
      allowPrivate,
    });
  } catch (error) {
    if (
      error instanceof ForbiddenAddressError ||
      error instanceof ResponseTooLargeError ||
      error instanceof TooManyRedirectsError
    )
      throw new FeedUnfetchableError(connection.id, error);
    throw error;
  }
};

/**
 * Asks for a connection's feed, unless it is as it was the last time.
 *
 * @throws FeedMissingError, FeedGoneError, FeedRefusedError, FeedUnavailableError by the server's answer,
 * FeedUnfetchableError if the address is forbidden, the answer too large or never reached, and what
 * `guardedFetch` throws when a server cannot be reached or takes too long
 */
export const fetchFeed = async (
  connection: SyncedConnection,
  options: FetchOptions,
): Promise<FetchedFeed | NotModified> => {
  const { status, headers, url, redirects, body } = await request(
    connection,
    options,
  );
  const asked = connection.etag !== null || connection.lastModified !== null;
  if (status === 304 && asked) return { type: 'not-modified' };
  if (status !== 200) throw refuse(connection, status, options.limits);
  return {
    type: 'fetched',
    body,
    contentType: bounded(headers.get('content-type')),
    etag: bounded(headers.get('etag')),
    lastModified: bounded(headers.get('last-modified')),
    link: headers.get('link') ?? undefined,
    url,
    movedTo: movedTo(redirects),
  };
};
