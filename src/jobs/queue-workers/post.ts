import type { RunResult } from './rows.ts';

/** Why a request failed, without what it carried. */
const reason = (error: unknown, timeoutMilliseconds: number): string => {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError')
    return `no answer within ${timeoutMilliseconds} ms`;
  const below = (cause as Error | undefined)?.message;
  return below === undefined ? message : `${message}: ${below}`;
};

/**
 * Posts an empty JSON object with a bearer token. Redirects are not followed: the token is for this
 * address alone. The answer's body is not read.
 *
 * @returns what became of it; it never throws.
 */
export const postToWorker = async (
  url: string,
  token: string,
  timeoutMilliseconds: number,
  signal: AbortSignal,
): Promise<RunResult> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
      },
      body: '{}',
      redirect: 'manual',
      signal: AbortSignal.any([
        signal,
        AbortSignal.timeout(timeoutMilliseconds),
      ]),
    });
    await response.body?.cancel();
    const { status } = response;
    return response.ok
      ? { status }
      : { status, error: `expected an answer of 200 to 299, got ${status}` };
  } catch (error) {
    return { error: reason(error, timeoutMilliseconds) };
  }
};
