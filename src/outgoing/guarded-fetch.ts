import { isNativeError } from 'node:util/types';

import { Agent, type Dispatcher, request as send } from 'undici';

import { config } from '../config.ts';
import {
  guardedConnector,
  type Resolve,
  resolveBySystem,
} from './connector.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import {
  ForbiddenAddressError,
  ResponseTooLargeError,
  TooManyRedirectsError,
  UnreachableError,
  UnreadableResponseError,
} from './errors.ts';
import { readBody } from './read-body.ts';
import {
  checkedUrl,
  originOf,
  type OutgoingRequest,
  redirected,
} from './request.ts';

export interface GuardedFetchOptions {
  /** @default GET */
  readonly method?: string;
  readonly headers?: Headers | Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Ends the request; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Of the body, unpacked. */
  readonly maxBytes: number;
  /** What becomes of a larger body: ResponseTooLargeError, or its first `maxBytes`. @default 'fail' */
  readonly whenLarger?: 'fail' | 'cut';
  /** Whether redirects are followed, or the first one is the answer. @default 'follow' */
  readonly redirect?: 'follow' | 'return';
  /** @default 5 */
  readonly maxRedirects?: number;
  /** For everything: names, connections, redirects, body. @default 30 */
  readonly timeoutSeconds?: number;
  /** Until the answer begins, and between two parts of it. @default 10 */
  readonly idleSeconds?: number;
  /** Whether private addresses may be reached. @default OUTGOING_ALLOW_PRIVATE */
  readonly allowPrivate?: boolean;
  /** @default the system's */
  readonly resolve?: Resolve;
}

/** One step of the way to an answer. */
export interface Redirect {
  readonly from: string;
  readonly to: string;
  readonly status: number;
}

export interface GuardedResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Where the answer came from, after all redirects. */
  readonly url: string;
  /** Those that were followed, in order. */
  readonly redirects: readonly Redirect[];
  readonly body: Buffer;
  /** Whether the body was larger than `body` is. */
  readonly isCut: boolean;
}

const defaults = {
  'accept-encoding': 'gzip, deflate, br',
  'user-agent': 'Nightshift',
};

const firstRequest = (
  text: string,
  { method = 'GET', headers, body }: GuardedFetchOptions,
): OutgoingRequest => {
  const all = new Headers(headers);
  for (const [name, value] of Object.entries(defaults))
    if (!all.has(name)) all.set(name, value);
  return {
    url: checkedUrl(text),
    method: method.toUpperCase(),
    headers: all,
    body,
  };
};

const headersOf = ({ headers }: Dispatcher.ResponseData): Headers => {
  const all = new Headers();
  for (const [name, values] of Object.entries(headers))
    for (const value of [values ?? []].flat())
      // What this class refuses, such as control characters, no caller has use for.
      try {
        all.append(name, value);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
  return all;
};

/** Ours say what happened; those of the network are told apart from mistakes by their codes. */
const named = (error: unknown, url: URL): unknown => {
  if (
    !isNativeError(error) ||
    error instanceof ForbiddenAddressError ||
    error instanceof ResponseTooLargeError ||
    error instanceof UnreadableResponseError
  )
    return error;
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && code !== 'UND_ERR_INVALID_ARG'
    ? new UnreachableError(originOf(url), code, error)
    : error;
};

interface Redirected {
  readonly request: OutgoingRequest;
  readonly redirect: Redirect;
}

const exchange = async (
  request: OutgoingRequest,
  agent: Agent,
  options: GuardedFetchOptions,
  deadline: Deadline,
  redirects: readonly Redirect[],
): Promise<GuardedResponse | Redirected> => {
  const { url, method, headers, body } = request;
  const response = await send(url, {
    dispatcher: agent,
    method,
    headers: Object.fromEntries(headers),
    body: body ?? null,
    signal: deadline.signal,
    // The deadline is the clock.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  deadline.heard();
  const answered = headersOf(response);
  const next =
    options.redirect === 'return'
      ? undefined
      : redirected(
          request,
          response.statusCode,
          answered.get('location') ?? undefined,
        );
  if (next) {
    response.body.on('error', () => undefined).destroy();
    return {
      request: next,
      redirect: {
        from: url.href,
        to: next.url.href,
        status: response.statusCode,
      },
    };
  }
  const hasBody =
    method !== 'HEAD' && ![204, 304].includes(response.statusCode);
  const read = await readBody(response.body, {
    origin: originOf(url),
    encoding: hasBody ? (answered.get('content-encoding') ?? '') : '',
    maxBytes: options.maxBytes,
    whenLarger: options.whenLarger ?? 'fail',
    onPart: () => deadline.heard(),
  });
  return {
    status: response.statusCode,
    headers: answered,
    url: url.href,
    redirects,
    ...read,
  };
};

const follow = async (
  first: OutgoingRequest,
  agent: Agent,
  options: GuardedFetchOptions,
  deadline: Deadline,
): Promise<GuardedResponse> => {
  const { maxRedirects = 5 } = options;
  const redirects: Redirect[] = [];
  let request = first;
  for (;;) {
    deadline.wait(originOf(request.url));
    const answer = await exchange(
      request,
      agent,
      options,
      deadline,
      redirects,
    ).catch((error: unknown) => {
      deadline.signal.throwIfAborted();
      throw named(error, request.url);
    });
    if ('status' in answer) return answer;
    if (redirects.length >= maxRedirects)
      throw new TooManyRedirectsError(originOf(request.url), maxRedirects);
    redirects.push(answer.redirect);
    request = answer.request;
  }
};

/**
 * Makes a request to an address that somebody else gave, such as that of a feed or of a webhook, so that it
 * cannot be used to reach what is inside the network: only http and https, no credentials in the address,
 * every address of a name checked at the moment of connecting, and all of it again at each redirect. Bodies
 * are unpacked and bounded while they come. Credentials given as headers stay with the origin of the first
 * address. Every call has connections of its own.
 *
 * @throws ForbiddenAddressError, TooManyRedirectsError, ResponseTooLargeError, UnreadableResponseError,
 * ResponseTimeoutError, UnreachableError, and the reason of `signal`
 */
export const guardedFetch = async (
  url: string,
  options: GuardedFetchOptions,
): Promise<GuardedResponse> => {
  const {
    allowPrivate = config().OUTGOING_ALLOW_PRIVATE,
    idleSeconds = 10,
    resolve = resolveBySystem,
    signal,
    timeoutSeconds = 30,
  } = options;
  const first = firstRequest(url, options);
  const deadline = startDeadline(originOf(first.url), {
    timeoutSeconds,
    idleSeconds,
    signal,
  });
  const agent = new Agent({
    connect: guardedConnector({
      allowPrivate,
      resolve,
      signal: deadline.signal,
    }),
  });
  const answer = follow(first, agent, options, deadline);
  // When the time has passed nobody waits for it any more.
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, deadline.passed]);
  } finally {
    deadline.close();
    await agent.destroy();
  }
};
