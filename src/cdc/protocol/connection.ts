import pg from 'pg';

import { sqlName, sqlText } from '../sql-name.ts';
import { type Lsn } from './lsn.ts';
import { standbyStatus } from './messages.ts';

export interface ReplicationOptions {
  readonly databaseUrl: string;
  readonly slot: string;
  readonly publication: string;
  /** Given the bytes of each CopyData message, valid only during the call. */
  readonly onMessage: (chunk: Buffer) => void;
}

/** A connection on which the server streams changes. */
export interface ReplicationConnection {
  /** Settles when the stream has ended: with the reason if it was not us who ended it. */
  readonly ended: Promise<Error | undefined>;
  /** Stops reading from the socket, so that the server has to wait. */
  pause(): void;
  resume(): void;
  /** @param taken how far the stream was read and handed to the publisher */
  confirm(lsn: Lsn, taken: Lsn): void;
  /** Ends the stream in order, so that the last confirmation is taken; then the connection. */
  end(): Promise<void>;
}

/** The part of pg's wire connection that its types leave out. */
interface WireConnection {
  readonly stream: { pause(): void; resume(): void; destroy(): void };
  on(event: 'copyData', listener: (message: { chunk: Buffer }) => void): void;
  once(event: 'replicationStart', listener: () => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** Settings on which the text form of values and default expressions depends. */
export const sessionSettings = [
  '-c DateStyle=ISO',
  '-c TimeZone=UTC',
  '-c IntervalStyle=postgres',
  '-c bytea_output=hex',
  '-c extra_float_digits=3',
  '-c lc_monetary=C',
  '-c client_encoding=UTF8',
].join(' ');

/** How long the server may take to end the stream before the connection is cut, in milliseconds. */
const endTimeout = 2_000;

/**
 * Connects and starts streaming from the slot's confirmed position: never from one of ours, which
 * after a restore of the database could lie behind changes that were not sent yet.
 *
 * @throws the server's error, such as 55006 if another process holds the slot.
 */
export const startReplication = async ({
  databaseUrl,
  slot,
  publication,
  onMessage,
}: ReplicationOptions): Promise<ReplicationConnection> => {
  const settings: pg.ClientConfig & { replication: string } = {
    connectionString: databaseUrl,
    application_name: 'nightshift cdc',
    options: sessionSettings,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    replication: 'database',
  };
  const client = new pg.Client(settings);
  const lost = Promise.withResolvers<Error | undefined>();
  client.on('error', (error) => {
    lost.resolve(error);
  });
  client.on('end', () => {
    lost.resolve(new Error('the server closed the replication connection'));
  });
  await client.connect();
  const { connection: wire } = client as unknown as {
    connection: WireConnection;
  };
  wire.on('copyData', ({ chunk }) => {
    onMessage(chunk);
  });
  const started = new Promise<void>((resolve) => {
    wire.once('replicationStart', () => {
      resolve();
    });
  });
  const streamed = client.query(
    `START_REPLICATION SLOT ${sqlName(slot)} LOGICAL 0/0 ` +
      `(proto_version '1', publication_names ${sqlText(sqlName(publication))})`,
  );
  const ended = Promise.race([
    streamed.then(
      () => undefined,
      (error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
    ),
    lost.promise,
  ]);
  const failure = await Promise.race([started, ended]);
  if (failure) {
    wire.stream.destroy();
    throw failure;
  }
  return {
    ended,
    pause: () => {
      wire.stream.pause();
    },
    resume: () => {
      wire.stream.resume();
    },
    confirm: (lsn, taken) => {
      wire.sendCopyFromChunk(standbyStatus(lsn, taken));
    },
    end: async () => {
      wire.stream.resume();
      wire.endCopyFrom();
      const cut = setTimeout(() => {
        wire.stream.destroy();
      }, endTimeout);
      await ended;
      clearTimeout(cut);
      wire.stream.destroy();
    },
  };
};
