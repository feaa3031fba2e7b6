import type { Logger } from '../logger.ts';
import { AcknowledgementTracker } from './acknowledgements.ts';
import type { Catalog } from './catalog.ts';
import { ChangeReader } from './change-reader.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { heldUpRecorder } from './held-up.ts';
import { checkCapture } from './preflight.ts';
import {
  type ReplicationConnection,
  startReplication,
} from './protocol/connection.ts';
import type { Lsn } from './protocol/lsn.ts';
import type { Publisher } from './publish/publisher.ts';
import { recordPositions } from './recovery/position.ts';
import { regularly } from './regularly.ts';
import { routeRelation } from './routing.ts';
import type { CapturedTable } from './tables.ts';
import { untilVisible } from './visibility.ts';

export interface SessionOptions {
  readonly databaseUrl: string;
  readonly slot: string;
  readonly publication: string;
  readonly tables: readonly CapturedTable[];
  readonly catalog: Catalog;
  readonly publisher: Publisher;
  /** Ends the session in order. */
  readonly signal: AbortSignal;
  /** Longest wait for the broker when the session is ended in order, in milliseconds. */
  readonly drainTimeout: number;
  /** Milliseconds between two looks at what is published, for `cdc recover`. */
  readonly positionInterval: number;
  readonly logger: Logger;
  readonly onPositionRecorded?: (() => void) | undefined;
  readonly onStreaming: () => void;
  readonly onConfirmed: (lsn: Lsn) => void;
  readonly onServerPosition: (walEnd: Lsn) => void;
}

/** Received bytes that wait to be read at most; a single larger message may exceed it. */
const queueBytes = 256 * 1024;
/** How often Postgres is told of progress, in milliseconds; its patience (`wal_sender_timeout`) is a minute. */
const progressInterval = 100;
const idleInterval = 5_000;
/** How often it is told at most that more was read, while the broker confirms nothing; in milliseconds. */
const takenInterval = 1_000;

/** Tells Postgres what is confirmed: soon after it moves, when asked, and in any case regularly. */
const reportProgress = (
  connection: ReplicationConnection,
  confirmed: () => Lsn,
  taken: () => Lsn,
) => {
  let reported = -1n;
  let reportedTaken = -1n;
  let reportedAt = 0;
  const report = () => {
    reported = confirmed();
    reportedTaken = taken();
    reportedAt = Date.now();
    connection.confirm(reported, reportedTaken);
  };
  const timer = setInterval(() => {
    const since = Date.now() - reportedAt;
    if (
      confirmed() !== reported ||
      since >= idleInterval ||
      (since >= takenInterval && taken() !== reportedTaken)
    )
      report();
  }, progressInterval);
  return {
    report,
    stop: () => {
      clearInterval(timer);
    },
  };
};

/**
 * Streams until the signal is aborted, then waits for the broker's word on what is under way,
 * confirms it and ends.
 *
 * @throws CaptureError, ProtocolError, the driver's error if the connection is lost.
 */
export const runSession = async (options: SessionOptions): Promise<void> => {
  const { catalog, publisher, signal, slot, publication, tables } = options;
  const { database } = await checkCapture(catalog, {
    slot,
    publication,
    tables,
  });
  const queue = new ChunkQueue(queueBytes);
  const connection = await startReplication({
    databaseUrl: options.databaseUrl,
    slot,
    publication,
    onMessage: (chunk) => {
      queue.push(chunk);
    },
  });
  queue.attach(connection);
  const tracker = new AcknowledgementTracker(options.onConfirmed);
  let taken = 0n;
  const progress = reportProgress(
    connection,
    () => tracker.confirmed,
    () => taken,
  );
  const stopRecording = recordPositions({
    catalog,
    slot,
    confirmed: () => tracker.confirmed,
    interval: options.positionInterval,
    logger: options.logger,
    ...(options.onPositionRecorded && {
      onRecorded: options.onPositionRecorded,
    }),
  });
  const stopTelling = regularly(
    options.positionInterval,
    heldUpRecorder(catalog, slot, () => publisher.heldUp),
    (error) => {
      options.logger.warn(
        { err: error, slot },
        'what cannot be published cannot be written down',
      );
    },
  );
  const stopped = new AbortController();
  const stop = () => {
    queue.end();
    stopped.abort();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let failure: Error | undefined;
  void connection.ended.then((error) => {
    failure = error ?? new Error('the server ended the replication stream');
    stop();
  });
  const reader = new ChangeReader({
    tracker,
    route: async (relation, transactionId) => {
      await untilVisible(
        (text, values) => catalog.query(text, values),
        transactionId,
        stopped.signal,
      );
      return routeRelation(relation, tables, catalog, database);
    },
    publish: (message, settled) => {
      const { signal: ended } = stopped;
      if (publisher.full)
        return publisher.room(ended).then(() => {
          if (!ended.aborted) publisher.publish(message, settled);
        });
      if (!ended.aborted) publisher.publish(message, settled);
      return undefined;
    },
    onServerPosition: (position) => {
      // What came before was read and handed to the publisher.
      taken = position;
      options.onServerPosition(position);
    },
    onReplyRequested: progress.report,
  });
  try {
    options.onStreaming();
    await readAll(queue, reader, stopped.signal);
    if (failure) throw failure;
    await publisher.idle(AbortSignal.timeout(options.drainTimeout));
    progress.report();
  } finally {
    progress.stop();
    signal.removeEventListener('abort', stop);
    stop();
    await Promise.all([stopRecording(), stopTelling()]);
    await connection.end();
  }
};

const readAll = async (
  queue: ChunkQueue,
  reader: ChangeReader,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    for (const chunk of await queue.take()) {
      if (signal.aborted) return;
      const reading = reader.read(chunk);
      if (reading) await reading;
    }
  }
};
