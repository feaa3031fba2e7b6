import type { DataSource } from 'typeorm';

/** Longest subscription that a hub may give, in seconds: it is renewed in time to notice a lost one. */
const longestLease = 30 * 24 * 3_600;
const shortestLease = 60;

/** The part of a connection that its hub has to do with. */
export interface HubSubscription {
  readonly connectionId: string;
  readonly topic: string;
  readonly secret: string;
  /** The hub was asked and has not verified yet. */
  readonly pending: boolean;
  /** Verified, and not over. */
  readonly live: boolean;
}

/** @returns `undefined` if there is no such connection, or none with a hub */
export const findSubscription = async (
  con: DataSource,
  connectionId: string,
): Promise<HubSubscription | undefined> => {
  const [row] = await con.query<HubSubscription[]>(
    `select id as "connectionId", hub_topic as topic, hub_secret as secret,
       hub_requested_at is not null as pending,
       coalesce(hub_expires_at > now(), false) as live
     from connection where id = $1 and hub_topic is not null and hub_secret is not null`,
    [connectionId],
  );
  return row;
};

/**
 * Notes that the hub verified a subscription that was asked for. One that was not pending keeps its end, so
 * that nobody who knows the address can put off its renewal.
 */
export const verifySubscription = async (
  con: DataSource,
  { connectionId, topic }: HubSubscription,
  leaseSeconds: number,
): Promise<void> => {
  await con.query(
    `update connection set hub_requested_at = null, hub_error = null,
       hub_expires_at = now() + $3 * interval '1 second'
     where id = $1 and hub_topic = $2 and hub_requested_at is not null`,
    [
      connectionId,
      topic,
      Math.min(Math.max(leaseSeconds, shortestLease), longestLease),
    ],
  );
};

/** Notes that the hub denied a subscription; a later sync asks again, at most once a day. */
export const denySubscription = async (
  con: DataSource,
  { connectionId, topic }: HubSubscription,
  reason: string,
): Promise<void> => {
  await con.query(
    `update connection set hub_error = $3, hub_expires_at = null, hub_requested_at = now()
     where id = $1 and hub_topic = $2`,
    [connectionId, topic, `the hub denied the subscription: ${reason}`],
  );
};
