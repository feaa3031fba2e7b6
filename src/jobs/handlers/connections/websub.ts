import { randomBytes } from 'node:crypto';

import type { DataSource, EntityManager } from 'typeorm';

import { guardedFetch } from '../../../outgoing/guarded-fetch.ts';
import type { ParsedFeed } from './item.ts';
import type { SyncedConnection } from './lease.ts';

/** Seconds that a subscription is asked for: the ten days that WebSub (section 8.2) suggests. */
const leaseSeconds = 10 * 24 * 3_600;

/** What the pages of a hub may say at most, in bytes; nothing of it is read. */
const maximumAnswer = 65_536;

export interface SubscribeOptions {
  readonly signal: AbortSignal;
  /** Where hubs reach this API, without a slash at its end; `undefined` if they cannot. */
  readonly publicUrl: string | undefined;
  readonly allowPrivate: boolean;
}

/** A hub, and the feed's own name at it. */
export interface Hub {
  readonly hub: string;
  readonly topic: string;
}

/** A subscription that a hub is to be asked for. */
export interface WantedSubscription extends Hub {
  readonly secret: string;
}

/** Targets of a `link` header (RFC 8288) with one of the relations asked for; the first of each. */
const linkTargets = (
  header: string,
  base: string,
): { readonly hub?: string; readonly self?: string } => {
  const links =
    /<([^<>]{1,2000})>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*(?:=\s*(?:"[^"]{0,500}"|[^\s",;]{0,500}))?)*)/g;
  const targets: Record<string, string> = {};
  for (const [, target, parameters] of header.slice(0, 8_192).matchAll(links)) {
    const relations =
      /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i.exec(parameters ?? '') ?? [];
    const url = URL.parse(target ?? '', base)?.href;
    if (url === undefined) continue;
    for (const relation of (relations[1] ?? relations[2] ?? '').split(/\s+/))
      targets[relation.toLowerCase()] ??= url;
  }
  const { hub, self } = targets;
  return { ...(hub && { hub }), ...(self && { self }) };
};

/**
 * The hub that a feed names: in its `link` header, else within (WebSub, section 4). The secret goes to
 * the hub, so that a hub that cannot be reached over https is passed over, unless private ones are allowed.
 */
export const hubOf = (
  link: string | undefined,
  feed: Pick<ParsedFeed, 'hub' | 'self'>,
  url: string,
  { allowPrivate }: Pick<SubscribeOptions, 'allowPrivate'>,
): Hub | undefined => {
  const inHeader = link === undefined ? {} : linkTargets(link, url);
  const { hub, self } =
    inHeader.hub !== undefined && inHeader.self !== undefined ? inHeader : feed;
  if (hub === undefined || self === undefined) return undefined;
  const { protocol } = new URL(hub);
  const safe = protocol === 'https:' || (allowPrivate && protocol === 'http:');
  return safe && hub.length <= 2_000 && self.length <= 2_000
    ? { hub, topic: self }
    : undefined;
};

/**
 * Says, in the transaction of `manager`, whether the hub of a connection has to be asked, and writes down that
 * it is: when its subscription ends within two days, or when it did not answer for a day.
 */
export const renewSubscription = async (
  manager: EntityManager,
  { id }: SyncedConnection,
): Promise<WantedSubscription | undefined> => {
  const [row] = await manager.query<(WantedSubscription & { due: boolean })[]>(
    `select hub_url as hub, hub_topic as topic, hub_secret as secret,
       coalesce(hub_expires_at < now() + interval '2 days', true)
         and coalesce(hub_requested_at < now() - interval '1 day', true) as due
     from connection where id = $1 and hub_url is not null`,
    [id],
  );
  if (!row?.due) return undefined;
  // Before the hub is asked: its question may be back before its answer is.
  await manager.query(
    'update connection set hub_requested_at = now() where id = $1',
    [id],
  );
  const { hub, topic, secret } = row;
  return { hub, topic, secret };
};

/**
 * Writes down the hub of a connection, in the transaction of `manager`, and whether it has to be asked: when
 * it is another one, or its subscription has to be renewed. The secret stays for as long as hub and topic do,
 * so that a renewal leaves no gap.
 */
export const wantSubscription = async (
  manager: EntityManager,
  connection: SyncedConnection,
  found: Hub | undefined,
): Promise<WantedSubscription | undefined> => {
  const { id } = connection;
  if (!found) {
    await manager.query(
      `update connection set hub_url = null, hub_topic = null, hub_secret = null, hub_requested_at = null,
         hub_expires_at = null, hub_error = null
       where id = $1 and hub_url is not null`,
      [id],
    );
    return undefined;
  }
  const { hub, topic } = found;
  await manager.query(
    `update connection set hub_url = $2, hub_topic = $3, hub_secret = $4, hub_requested_at = null,
       hub_expires_at = null, hub_error = null
     where id = $1 and (hub_url, hub_topic) is distinct from ($2, $3)`,
    [id, hub, topic, randomBytes(32).toString('hex')],
  );
  return renewSubscription(manager, connection);
};

const ask = async (
  { id }: SyncedConnection,
  { hub, topic, secret }: WantedSubscription,
  { signal, publicUrl, allowPrivate }: SubscribeOptions,
): Promise<string | undefined> => {
  try {
    const { status } = await guardedFetch(hub, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        'hub.mode': 'subscribe',
        'hub.callback': `${publicUrl}/api/push-notices/${id}`,
        'hub.topic': topic,
        'hub.secret': secret,
        'hub.lease_seconds': String(leaseSeconds),
      }).toString(),
      signal,
      maxBytes: maximumAnswer,
      whenLarger: 'cut',
      timeoutSeconds: 15,
      allowPrivate,
    });
    return status >= 200 && status < 300
      ? undefined
      : `expected the hub to accept the request with 202, got: ${status}`;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error
      ? `${error.name}: ${error.message}`
      : 'failed';
  }
};

/**
 * Asks the hub for the subscription, which it then verifies at the callback. A hub that fails fails no sync:
 * why is kept with the connection, and a later sync asks again.
 *
 * @returns why not, if the hub was not asked well
 */
export const subscribe = async (
  con: DataSource,
  connection: SyncedConnection,
  wanted: WantedSubscription,
  options: SubscribeOptions,
): Promise<string | undefined> => {
  const problem = await ask(connection, wanted, options);
  await con.query(
    'update connection set hub_error = $2 where id = $1 and hub_topic = $3',
    [connection.id, problem?.slice(0, 500) ?? null, wanted.topic],
  );
  return problem;
};
