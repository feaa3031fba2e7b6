import { Command, InvalidArgumentError, Option } from 'commander';
import pg from 'pg';

import { CaptureError } from '../cdc/errors.ts';
import { runOn } from '../cdc/slot.ts';
import { handOverSlot, SlotHeldError } from '../cdc/take-over.ts';
import { config } from '../config.ts';

interface Options {
  readonly by: 'streamer' | 'debezium';
  readonly wait: number;
}

const parseSeconds = (text: string): number => {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= 3_600))
    throw new InvalidArgumentError('expected seconds, from 0 to 3600');
  return seconds;
};

/** @returns whether the slot is free for the next. */
const handOver = async ({ by, wait }: Options): Promise<boolean> => {
  const client = new pg.Client({
    connectionString: config().DATABASE_URL,
    application_name: 'nightshift cdc take-over',
    statement_timeout: 30_000,
  });
  await client.connect();
  try {
    const { slot, confirmedLsn, lagBytes } = await handOverSlot(runOn(client), {
      waitSeconds: wait,
    });
    console.log(
      `replication slot ${slot} is free at ${confirmedLsn ?? 'its beginning'}, ${lagBytes} bytes of log wait` +
        (by === 'debezium' ? '; start Debezium Server now' : ''),
    );
    return true;
  } catch (error) {
    if (!(error instanceof SlotHeldError || error instanceof CaptureError))
      throw error;
    console.error(error.message);
    process.exitCode = 1;
    return false;
  } finally {
    await client.end();
  }
};

/**
 * `nightshift cdc take-over`: from Debezium Server to the streamer, or back.
 *
 * @param stream streams until it is stopped.
 */
export const cdcTakeOverCommand = (stream: () => Promise<void>): Command =>
  new Command('take-over')
    .description(
      'move the replication slot from Debezium Server to the streamer, which then streams here, or back',
    )
    .addOption(
      new Option('--by <who>', 'who streams from now on')
        .choices(['streamer', 'debezium'])
        .default('streamer'),
    )
    .option(
      '--wait <seconds>',
      'longest wait until nobody reads the slot',
      parseSeconds,
      60,
    )
    .addHelpText(
      'after',
      `
Stop the one that streams, before or after starting this: it waits until the slot is free, sees that the slot
is whole, and empties Debezium's offsets, so that whoever is next begins where the broker's word was taken
last. Changes of meanwhile wait in the slot. What was under way may come twice, with the same ids.

  nightshift cdc take-over                  # Debezium Server was stopped: stream in its place
  nightshift cdc take-over --by debezium    # the streamer was stopped: then start Debezium Server`,
    )
    .action(async (options: Options) => {
      const isFree = await handOver(options);
      if (isFree && options.by === 'streamer') await stream();
    });
