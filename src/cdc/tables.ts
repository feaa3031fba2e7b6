/** A table whose row changes are published. Its columns have no generated values. */
export interface CapturedTable {
  /** In schema `public`. */
  readonly table: string;
  /** The topic that the envelopes of its rows go to; many tables may share one. */
  readonly topic: string;
}

/** Every table whose changes are published. The publication, the streamer and Debezium's settings follow it. */
export const capturedTables = [
  { table: 'user', topic: 'api.changes' },
  { table: 'post', topic: 'api.changes' },
  { table: 'comment', topic: 'api.changes' },
  { table: 'post_vote', topic: 'api.changes' },
  { table: 'comment_vote', topic: 'api.changes' },
  { table: 'user_notification', topic: 'api.v1.cdc-notifications' },
] as const satisfies readonly CapturedTable[];

type Captured = (typeof capturedTables)[number];

/** The topics of row changes. */
export type ChangeTopic = Captured['topic'];

/** The captured tables whose changes go to a topic. */
export type TableOf<Topic extends ChangeTopic> = Extract<
  Captured,
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
