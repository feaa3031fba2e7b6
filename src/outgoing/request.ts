import { ForbiddenAddressError } from './errors.ts';

/** One request of a chain: the first, or what a redirect made of the one before. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | Buffer | undefined;
}

/** The address with nothing in it that is not for everyone's eyes. */
export const originOf = ({ protocol, host }: URL): string =>
  `${protocol}//${host}`;

/** @throws ForbiddenAddressError unless the address is one of http or https without credentials */
export const checkedUrl = (text: string, base?: URL): URL => {
  if (!URL.canParse(text, base?.href))
    throw new ForbiddenAddressError(
      'not-a-url',
      base ? `a redirect of ${originOf(base)}` : 'text that is none',
    );
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new ForbiddenAddressError('scheme', url.protocol);
  if (url.username !== '' || url.password !== '')
    throw new ForbiddenAddressError('credentials', url.host);
  return url;
};

const describesBody = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-type',
  'transfer-encoding',
];

/** What proves who asks is for the server that it was meant for, and for no other. */
const isCredential = (header: string): boolean =>
  header === 'cookie' ||
  /auth|token|secret|api-?key|signature|session|password/.test(header);

const without = (headers: Headers, isDropped: (name: string) => boolean) =>
  new Headers([...headers].filter(([name]) => !isDropped(name)));

const redirecting: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Bytes of a header come as Latin-1; most servers mean UTF-8. */
const decodeLocation = (location: string): string =>
  Buffer.from(location, 'latin1').toString('utf8');

/** Whether a method turns into GET, as the fetch standard has it. */
const becomesGet = (status: number, method: string): boolean =>
  status === 303
    ? method !== 'GET' && method !== 'HEAD'
    : (status === 301 || status === 302) && method === 'POST';

/**
 * The request that a redirect asks for (RFC 9110, 15.4): 303 turns everything but HEAD into GET, 301 and 302
 * turn POST into GET, 307 and 308 repeat method and body. Credentials stay with the origin they were for.
 *
 * @returns `undefined` if the answer is no redirect, or one without `location`
 * @throws ForbiddenAddressError if it leads where no request may go by its address
 */
export const redirected = (
  request: OutgoingRequest,
  status: number,
  location: string | undefined,
): OutgoingRequest | undefined => {
  if (!redirecting.has(status) || location === undefined) return undefined;
  const url = checkedUrl(decodeLocation(location), request.url);
  if (url.hash === '') url.hash = request.url.hash;
  const turnsToGet = becomesGet(status, request.method);
  let { headers } = request;
  if (turnsToGet)
    headers = without(headers, (name) => describesBody.includes(name));
  if (url.origin !== request.url.origin)
    headers = without(headers, isCredential);
  return {
    url,
    headers,
    method: turnsToGet ? 'GET' : request.method,
    body: turnsToGet ? undefined : request.body,
  };
};
