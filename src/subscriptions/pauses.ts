import type { EntityManager } from 'typeorm';

import {
  deadLetterSubscriptions,
  servedSubscriptions,
} from '../../.infra/common.ts';
import {
  newOperation,
  type Operator,
  recordAction,
} from '../dead-letters/audit.ts';
import { storable } from '../dead-letters/text.ts';
import { didYouMean } from '../events/similar-names.ts';

/** Told with the name of a subscription that is paused or resumed. */
export const pauseChannel = 'nightshift_subscription_pause';

/** A subscription from which no process receives. */
export interface SubscriptionPause {
  readonly subscription: string;
  readonly pausedAt: Date;
  readonly pausedBy: string;
  readonly reason: string;
}

/** No subscription of this name is declared. Nothing was done. */
export class UnknownSubscriptionError extends Error {
  override readonly name = 'UnknownSubscriptionError';

  constructor(
    readonly subscription: string,
    known: readonly string[],
  ) {
    super(
      `expected the name of a declared subscription, got ${JSON.stringify(subscription)}; ` +
        didYouMean(subscription, known, 'nightshift subscriptions lists them'),
    );
  }
}

const requireDeclared = (subscription: string): void => {
  const known = [...servedSubscriptions, ...deadLetterSubscriptions()].map(
    (declared) => declared.subscription,
  );
  if (!known.includes(subscription))
    throw new UnknownSubscriptionError(subscription, known);
};

/** Whoever may ask Postgres. */
interface Asking {
  query<Row>(sql: string): Promise<Row[]>;
}

/** Every pause, the oldest first. */
export const listPauses = (manager: Asking): Promise<SubscriptionPause[]> =>
  manager.query<SubscriptionPause>(
    `select subscription, paused_at as "pausedAt", paused_by as "pausedBy", reason
       from subscription_pause order by paused_at, subscription`,
  );

/** `by ana since 2026-11-29T16:00Z because a feed is poisoned` */
export const shownPause = ({
  pausedAt,
  pausedBy,
  reason,
}: SubscriptionPause): string =>
  `by ${pausedBy} since ${pausedAt.toISOString().slice(0, 16)}Z because ${reason}`;

const change = async (
  manager: EntityManager,
  action: 'pause' | 'resume',
  subscription: string,
  operator: Operator,
  write: (own: EntityManager) => Promise<unknown>,
): Promise<void> => {
  requireDeclared(subscription);
  await manager.transaction(async (own) => {
    await write(own);
    await own.query('select pg_notify($1, $2)', [pauseChannel, subscription]);
    await recordAction(own, {
      ...operator,
      operation: newOperation(),
      action: `subscriptions.${action}`,
      filter: { subscription },
      counts: {},
    });
  });
};

/**
 * Lets no process receive from a subscription, until it is resumed: within seconds, and also those that start later.
 * What runs goes on to its end, what is queued is given back; the broker keeps the rest for as long as it keeps
 * messages. A second pause changes nothing but the audit log. Audited.
 *
 * @throws UnknownSubscriptionError
 */
export const pauseSubscription = (
  manager: EntityManager,
  subscription: string,
  operator: Operator & { readonly reason: string },
): Promise<void> =>
  change(manager, 'pause', subscription, operator, (own) =>
    own.query(
      `insert into subscription_pause (subscription, paused_by, reason) values ($1, $2, $3)
       on conflict (subscription) do nothing`,
      [
        subscription,
        storable(operator.actor).slice(0, 200),
        storable(operator.reason).slice(0, 2_000),
      ],
    ),
  );

/** Lets processes receive from a subscription again. Audited. @throws UnknownSubscriptionError */
export const resumeSubscription = (
  manager: EntityManager,
  subscription: string,
  operator: Operator,
): Promise<void> =>
  change(manager, 'resume', subscription, operator, (own) =>
    own.query('delete from subscription_pause where subscription = $1', [
      subscription,
    ]),
  );
