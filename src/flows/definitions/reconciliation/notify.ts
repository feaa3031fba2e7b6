import { config } from '../../../config.ts';
import type { Logger } from '../../../logger.ts';
import { guardedFetch } from '../../../outgoing/guarded-fetch.ts';

/** The chat or pager that OPERATOR_WEBHOOK_URL names did not take a message; it is sent again. */
export class OperatorsNotToldError extends Error {
  override readonly name = 'OperatorsNotToldError';

  constructor(readonly status: number) {
    super(
      `expected the address of OPERATOR_WEBHOOK_URL to take a message, got: ${status}`,
    );
  }
}

/**
 * Tells operators in the chat or pager whose address is OPERATOR_WEBHOOK_URL, as JSON with a `text`; without one, in the
 * log alone. At least once: `key` is the same each time.
 *
 * @returns whether somebody was told
 * @throws OperatorsNotToldError, ForbiddenAddressError
 */
export const tellOperators = async (
  text: string,
  {
    key,
    logger,
    signal,
  }: {
    readonly key: string;
    readonly logger: Logger;
    readonly signal: AbortSignal;
  },
): Promise<boolean> => {
  logger.warn({ key }, text);
  const { OPERATOR_WEBHOOK_URL } = config();
  if (OPERATOR_WEBHOOK_URL === undefined) return false;
  const { status } = await guardedFetch(OPERATOR_WEBHOOK_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ text }),
    signal,
    redirect: 'return',
    maxBytes: 10_000,
    whenLarger: 'cut',
  });
  if (status < 200 || status > 299) throw new OperatorsNotToldError(status);
  return true;
};
