import { once } from 'node:events';

import { Command } from 'commander';
import pg from 'pg';

import { createStreamer } from '../cdc/streamer.ts';
import { readCaptureStatus } from '../cdc/status.ts';
import { config } from '../config.ts';
import { createLogger } from '../logger.ts';
import { cdcRecoverCommand } from './cdc-recover.ts';
import { cdcTakeOverCommand } from './cdc-take-over.ts';
import { keepHeapSmall } from './small-heap.ts';

const stream = async (): Promise<void> => {
  keepHeapSmall();
  const {
    DATABASE_URL,
    DRAIN_TIMEOUT_SECONDS,
    PUBSUB_EMULATOR_HOST,
    PUBSUB_PROJECT_ID,
  } = config();
  const logger = createLogger('cdc');
  const streamer = createStreamer({
    databaseUrl: DATABASE_URL,
    pubsub: {
      projectId: PUBSUB_PROJECT_ID,
      emulatorHost: PUBSUB_EMULATOR_HOST,
    },
    logger,
    drainTimeout: DRAIN_TIMEOUT_SECONDS * 1_000,
  });
  const signalled = Promise.race([
    once(process, 'SIGINT'),
    once(process, 'SIGTERM'),
  ]);
  try {
    await streamer.start();
    await signalled;
    logger.info('draining');
  } finally {
    await streamer.stop();
  }
  logger.info(streamer.status(), 'stopped');
};

const megabytes = (bytes: number): string =>
  `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

const showStatus = async (options: { readonly json?: true }): Promise<void> => {
  const client = new pg.Client({
    connectionString: config().DATABASE_URL,
    statement_timeout: 30_000,
  });
  await client.connect();
  try {
    const status = await readCaptureStatus(client);
    if (options.json) {
      console.log(JSON.stringify(status));
    } else {
      const { slot, publication, publishedTables, missingTables } = status;
      console.log(
        slot
          ? [
              `slot         ${slot.slot} (${slot.active ? `held by process ${slot.activePid} of Postgres` : 'held by nobody'})`,
              `log          ${slot.walStatus ?? 'unknown'}${slot.invalidationReason ? `, ${slot.invalidationReason}` : ''}`,
              `confirmed    ${slot.confirmedLsn ?? 'nothing yet'}`,
              `lag          ${megabytes(slot.lagBytes)} not confirmed, ${megabytes(slot.retainedBytes)} kept on disk`,
            ].join('\n')
          : 'slot         none',
      );
      console.log(
        publication
          ? `publication  ${publication}: ${publishedTables.join(', ')}`
          : 'publication  none',
      );
      if (missingTables.length > 0)
        console.log(`not captured ${missingTables.join(', ')}`);
    }
    for (const problem of status.problems) console.error(problem);
    if (status.problems.length > 0) process.exitCode = 1;
  } finally {
    await client.end();
  }
};

/** `nightshift cdc`: the change data capture streamer, until SIGINT or SIGTERM, and its operator commands. */
export const cdcCommand = (): Command =>
  new Command('cdc')
    .description('stream row changes and the outbox from Postgres to Pub/Sub')
    .action(stream)
    .addCommand(
      new Command('status')
        .description(
          'show the slot, its lag and the publication; exits with 1 if capture is broken',
        )
        .option('--json', 'print one line of JSON')
        .action(showStatus),
    )
    .addCommand(cdcRecoverCommand())
    .addCommand(cdcTakeOverCommand(stream))
    .addHelpText(
      'after',
      `
Run one: a second waits until the first lets go of the replication slot. An LSN is confirmed only when
the broker has everything before it, so that nothing is lost when the process is killed.

Environment: DATABASE_URL, of a role that may replicate; PUBSUB_PROJECT_ID, PUBSUB_EMULATOR_HOST.

Examples:
  nightshift cdc
  nightshift cdc status --json
  nightshift cdc recover --dry-run
  nightshift cdc take-over --by debezium`,
    );
