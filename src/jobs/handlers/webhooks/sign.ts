import { Webhook } from 'standardwebhooks';

export interface Signed {
  readonly id: string;
  readonly payload: string;
  /** Each signs, so that a receiver that knows one of them is content. */
  readonly secrets: readonly string[];
}

/**
 * The headers of Standard Webhooks 1.0.0. The time is that of the attempt: receivers refuse old ones, so
 * that nobody can send them what they overheard.
 */
export const signedHeaders = (
  { id, payload, secrets }: Signed,
  now: Date,
): Record<string, string> => ({
  'content-type': 'application/json',
  'user-agent': 'Nightshift (webhooks)',
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
  'webhook-signature': secrets
    .map((secret) => new Webhook(secret).sign(id, now, payload))
    .join(' '),
});
