import { Command, InvalidArgumentError } from 'commander';

import {
  MARGIN_MINUTES,
  recover,
  type RecoverReport,
} from '../cdc/recovery/recover.ts';
import { config } from '../config.ts';
import { createLogger } from '../logger.ts';
import { Progress } from './progress.ts';

interface RecoverCommandOptions {
  readonly since?: Date;
  readonly margin: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const parseTime = (text: string): Date => {
  const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
  const time = new Date(text);
  if (!zoned.test(text) || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError(
      'expected a time with its zone, such as 2026-11-23T09:30:00Z',
    );
  return time;
};

const parseMinutes = (text: string): number => {
  const minutes = Number(text);
  if (text.trim() === '' || !(minutes >= 0 && minutes <= 10_080))
    throw new InvalidArgumentError('expected minutes, from 0 to 10080');
  return minutes;
};

const explain = (report: RecoverReport, dryRun: boolean): string => {
  const { slot, reason, healthyAt, since, events, tables } = report;
  const { consistentPoint = '', slotKept } = report;
  const from =
    since === undefined
      ? 'all that are in the outbox, as nobody recorded what was published'
      : `those created since ${since.toISOString()}`;
  const window = healthyAt?.toISOString() ?? 'an unknown time';
  return [
    dryRun
      ? `would ${slotKept ? 'keep the new' : 'make'} replication slot ${slot}${slotKept ? '' : ' anew'}, because ${reason}; nothing was done`
      : `replication slot ${slot} ${slotKept ? 'was' : 'is'} made anew at ${consistentPoint}, because ${reason}`,
    `${dryRun ? 'would publish' : 'published'} ${events} events again, with their ids: ${from}`,
    `not brought back: changes of rows of ${tables.join(', ')} between ${window} and now. ` +
      'What follows from them is computed from the row when it changes next.',
    ...(dryRun ? [] : ['start the streamer or Debezium Server now']),
  ].join('\n');
};

const run = async ({
  since,
  margin,
  dryRun = false,
  json = false,
}: RecoverCommandOptions): Promise<void> => {
  const { DATABASE_URL, PUBSUB_EMULATOR_HOST, PUBSUB_PROJECT_ID } = config();
  const logger = createLogger('cdc recover', 'stderr');
  const stop = new AbortController();
  const onSignal = () => {
    stop.abort();
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const progress = new Progress();
  try {
    const report = await recover({
      databaseUrl: DATABASE_URL,
      pubsub: {
        projectId: PUBSUB_PROJECT_ID,
        emulatorHost: PUBSUB_EMULATOR_HOST,
      },
      logger,
      ...(since && { since }),
      marginMinutes: margin,
      dryRun,
      signal: stop.signal,
      onPublished: (published, events) =>
        progress.tell(`${published} of ${events} events published`),
    });
    progress.end();
    console.log(json ? JSON.stringify(report) : explain(report, dryRun));
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
};

/** `nightshift cdc recover`: makes a lost replication slot anew and publishes again what was missed. */
export const cdcRecoverCommand = (): Command =>
  new Command('recover')
    .description(
      'make a lost replication slot anew, and publish again the events that were missed',
    )
    .option(
      '--since <time>',
      'publish again what was created from then on; by default since the last recorded position, minus the margin',
      parseTime,
    )
    .option(
      '--margin <minutes>',
      'how long a transaction may have run when the position was recorded',
      parseMinutes,
      MARGIN_MINUTES,
    )
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      `
Refuses when the slot is whole, or when somebody reads it. Stopped or killed in the middle it is begun
again by the next call; until it is through nobody streams, and migrate makes no slot. Events that come
twice keep their ids, so that inboxes know them.

Examples:
  nightshift cdc recover --dry-run
  nightshift cdc recover
  nightshift cdc recover --since 2026-11-23T09:30:00Z`,
    )
    .action(run);
