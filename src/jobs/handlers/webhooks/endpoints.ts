import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';

import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { config } from '../../../config.ts';
import { mayReach } from '../../../outgoing/address.ts';
import { checkedUrl } from '../../../outgoing/request.ts';
import {
  InvalidWebhookError,
  TooManyEndpointsError,
  UnknownEndpointError,
} from './errors.ts';
import { maximumEndpoints } from './limits.ts';

/** 256 bits, more than the 192 that Standard Webhooks asks for at least. */
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

const longestUrl = 2_048;

const checked = (text: string, allowPrivate: boolean): string => {
  if (text.length > longestUrl)
    throw new InvalidWebhookError(
      'url',
      `expected at most ${longestUrl} characters, got: ${text.length}`,
    );
  const url = checkedUrl(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayReach(host, { allowPrivate }))
    throw new InvalidWebhookError(
      'url',
      `expected an address on the public internet, got: ${host}`,
    );
  return url.href;
};

export interface NewEndpoint {
  /** Whose endpoint it is: mails about it go there. */
  readonly userId: string;
  /** http or https. Names are looked up when something is sent, not now. */
  readonly url: string;
  /** @default OUTGOING_ALLOW_PRIVATE */
  readonly allowPrivate?: boolean;
}

/**
 * Creates an endpoint with a secret of its own, which its owner has to be shown.
 *
 * @throws ForbiddenAddressError, InvalidWebhookError, TooManyEndpointsError
 */
export const createWebhookEndpoint = async (
  manager: EntityManager,
  { userId, url, allowPrivate = config().OUTGOING_ALLOW_PRIVATE }: NewEndpoint,
): Promise<{ readonly id: string; readonly secret: string }> => {
  const id = uuidv7();
  const secret = newSecret();
  const address = checked(url, allowPrivate);
  await manager.transaction(async (within) => {
    // Held, so that two at once count each other.
    await within.query('select from "user" where id = $1 for no key update', [
      userId,
    ]);
    const [row] = await within.query<{ endpoints: number }[]>(
      'select count(*)::int as endpoints from webhook_endpoint where user_id = $1',
      [userId],
    );
    if ((row?.endpoints ?? 0) >= maximumEndpoints)
      throw new TooManyEndpointsError(userId, maximumEndpoints);
    await within.query(
      'insert into webhook_endpoint (id, user_id, url, secret) values ($1, $2, $3, $4)',
      [id, userId, address, secret],
    );
  });
  return { id, secret };
};

/**
 * Gives an endpoint a new secret. The one before signs beside it for a while, so that the receiver can
 * change over at any time of it; one that was still on its way out then is out at once.
 *
 * @param overlapHours how long. @default 24
 * @returns the new secret, for its owner
 * @throws UnknownEndpointError
 */
export const rotateWebhookSecret = async (
  manager: EntityManager,
  endpointId: string,
  { overlapHours = 24 }: { readonly overlapHours?: number } = {},
): Promise<string> => {
  const secret = newSecret();
  const [rows] = await manager.query<[unknown[], number]>(
    `update webhook_endpoint
       set previous_secret = secret, previous_secret_until = now() + make_interval(secs => $3::float8 * 3600),
         secret = $2
     where id = $1
     returning id`,
    [endpointId, secret, overlapHours],
  );
  if (rows.length === 0) throw new UnknownEndpointError(endpointId);
  return secret;
};

/** Sends to an endpoint again, as if it had never failed. @throws UnknownEndpointError */
export const enableWebhookEndpoint = async (
  manager: EntityManager,
  endpointId: string,
): Promise<void> => {
  const [rows] = await manager.query<[unknown[], number]>(
    `update webhook_endpoint
       set enabled = true, disabled_at = null, disabled_reason = null, consecutive_failures = 0,
         failing_since = null
     where id = $1
     returning id`,
    [endpointId],
  );
  if (rows.length === 0) throw new UnknownEndpointError(endpointId);
};
