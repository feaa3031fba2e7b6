import pg from 'pg';

import type { Logger } from '../../logger.ts';
import { CaptureDesk } from '../desk.ts';
import { createOutboxReader } from '../outbox.ts';
import type { Relation } from '../pgoutput/decode.ts';
import { sessionSettings } from '../protocol/connection.ts';
import type { BrokerAddress } from '../publish/broker.ts';
import { Publisher } from '../publish/publisher.ts';
import { sqlText } from '../sql-name.ts';
import { outboxTable } from '../tables.ts';
import { RecoveryStoppedError } from './errors.ts';

/** Rows held in memory at once, beside those that wait for the broker. */
const PAGE = 500;

const columns = [
  'id',
  'topic',
  'ordering_key',
  'type',
  'payload',
  'traceparent',
  'cause',
];

/** The outbox as the replication stream describes it, as far as its reader looks. */
const relation: Relation = {
  kind: 'relation',
  id: 0,
  schema: 'public',
  table: outboxTable,
  replicaIdentity: '',
  columns: columns.map((name) => ({
    name,
    typeId: 0,
    typeModifier: -1,
  })),
};

export interface RepublishOptions {
  readonly databaseUrl: string;
  readonly pubsub: BrokerAddress;
  readonly logger: Logger;
  readonly slot: string;
  /** Of the exported slot; undefined for the present, which holds all of that and more. */
  readonly snapshot: string | undefined;
  /** Events created from then on; undefined for all. */
  readonly since: Date | undefined;
  readonly signal: AbortSignal;
  /** Called as the broker takes them, with how many it has. */
  readonly onPublished: (published: number) => void;
  /** The broker does not take them at present. */
  readonly onBlocked: (reason: string) => void;
}

/** Opens a reader of the outbox as it was where the new slot begins, or later. */
const openReader = async ({
  databaseUrl,
  snapshot,
  since,
}: RepublishOptions): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'nightshift cdc recover',
    options: sessionSettings,
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('begin isolation level repeatable read, read only');
  if (snapshot !== undefined)
    await client.query(`set transaction snapshot ${sqlText(snapshot)}`);
  // A cursor's query takes no parameters over the simple protocol; the time is ours, not somebody's text.
  const filter =
    since === undefined
      ? ''
      : `where created_at >= ${sqlText(since.toISOString())}`;
  await client.query(
    `declare events no scroll cursor for
       select ${columns.map((column) => `${column}::text`).join(', ')}
         from ${outboxTable} ${filter} order by created_at, id`,
  );
  return client;
};

/**
 * Publishes the events of the outbox again as the streamer would: the same ids, attributes and keys, in
 * the order of their creation, a page at a time.
 *
 * @returns how many.
 * @throws RecoveryStoppedError when the signal is aborted, the driver's error if the database is lost.
 */
export const republish = async (options: RepublishOptions): Promise<number> => {
  const { databaseUrl, pubsub, logger, slot, signal } = options;
  const desk = new CaptureDesk(databaseUrl, slot);
  const publisher = new Publisher({
    pubsub,
    logger,
    bury: (message, error) => desk.bury(message, error),
    onBlocked: options.onBlocked,
  });
  const read = createOutboxReader(relation);
  const reader = await openReader(options);
  let taken = 0;
  let published = 0;
  let allTaken = false;
  const through = Promise.withResolvers<void>();
  const stop = () => {
    through.resolve();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    while (!signal.aborted) {
      const { rows } = await reader.query<(string | null)[]>({
        text: `fetch ${PAGE} from events`,
        rowMode: 'array',
      });
      if (rows.length === 0) break;
      for (const row of rows) {
        await publisher.room(signal);
        if (signal.aborted) break;
        taken += 1;
        publisher.publish(read(row), () => {
          published += 1;
          options.onPublished(published);
          if (allTaken && published === taken) through.resolve();
        });
      }
    }
    allTaken = true;
    if (published < taken && !signal.aborted) await through.promise;
    if (signal.aborted) throw new RecoveryStoppedError(slot, published);
    return published;
  } finally {
    signal.removeEventListener('abort', stop);
    publisher.close();
    await reader.end();
    await desk.close();
  }
};
