interface Captured {
  /** In schema `public`. It needs a primary key and columns of recorded types; `migrate` refuses others. */
  readonly table: string;
  /** The topic that the envelopes of its rows go to; many tables may share one. */
  readonly topic: string;
  /**
   * Only rows that meet this SQL condition are published: the publication's row filter. With replica
   * identity DEFAULT it may ask for columns of the primary key alone.
   */
  readonly where?: string;
}

/** Envelopes know the whole row before a change. Postgres allows no column to be left out then. */
interface CapturedWhole extends Captured {
  /** @default 'full' */
  readonly replicaIdentity?: 'full';
  readonly omit?: never;
}

/** Envelopes know only the primary key of the row before a change. */
interface CapturedByKey extends Captured {
  readonly replicaIdentity: 'default';
  /** Columns that are not published, such as secrets; none of the primary key. */
  readonly omit?: readonly [string, ...string[]];
}

/** A table whose row changes are published. */
export type CapturedTable = CapturedWhole | CapturedByKey;

/** Every table whose changes are published. The publication, the streamer and Debezium's settings follow it. */
export const capturedTables = [
  { table: 'user', topic: 'api.changes' },
  { table: 'post', topic: 'api.changes' },
  { table: 'comment', topic: 'api.changes' },
  { table: 'post_vote', topic: 'api.changes' },
  { table: 'comment_vote', topic: 'api.changes' },
  { table: 'user_notification', topic: 'api.v1.cdc-notifications' },
] as const satisfies readonly CapturedTable[];

type Declared = (typeof capturedTables)[number];

/** The topics of row changes. */
export type ChangeTopic = Declared['topic'];

/** The captured tables whose changes go to a topic. */
export type TableOf<Topic extends ChangeTopic> = Extract<
  Declared,
  { readonly topic: Topic }
>['table'];

/** Rows inserted here are published as the events that they hold. */
export const outboxTable = 'outbox';

/** The publication that migrations make and both streamers read. */
export const publicationName = 'nightshift';

/** The replication slot; whoever streams holds it. */
export const slotName = 'nightshift_cdc';

/** Debezium's `topic.prefix`: the name of this source in envelopes, keys and schemas. */
export const sourceName = 'nightshift';

/** Where Debezium says regularly that it is alive; the streamer has nothing to say there. */
export const heartbeatTopic = `debezium-heartbeat.${sourceName}`;
