import { pino } from 'pino';

import { createStreamer } from '../../src/cdc/streamer.ts';

/** A streamer to be killed: prints a line when it streams. Arguments: URL, slot, tables as JSON. */
const [databaseUrl, slot, tables] = process.argv.slice(2);
const streamer = createStreamer({
  databaseUrl: databaseUrl!,
  slot: slot!,
  tables: JSON.parse(tables!) as { table: string; topic: string }[],
  pubsub: {
    projectId: 'test',
    emulatorHost: process.env.PUBSUB_EMULATOR_HOST,
  },
  logger: pino({ level: 'silent' }),
  backoff: { minimum: 10, maximum: 50 },
  signals: { onStreaming: () => process.stdout.write('streaming\n') },
});
await streamer.start();
