/** Exponential backoff between the deliveries of one message; both ends in milliseconds. */
export interface RetryPolicy {
  readonly minimumBackoff: number;
  readonly maximumBackoff: number;
}

/**
 * Milliseconds to wait before a message that has failed `failures` times (at least once) is
 * delivered again: the minimum, doubled with each further failure, up to the maximum.
 * Without a policy there is no wait.
 */
export const backoff = (
  policy: RetryPolicy | undefined,
  failures: number,
): number =>
  policy === undefined
    ? 0
    : Math.min(
        policy.maximumBackoff,
        policy.minimumBackoff * 2 ** Math.min(failures - 1, 30),
      );
