import { recover } from '../../src/cdc/recovery/recover.ts';
import { logger } from './set-up.ts';

const [databaseUrl = '', slot = ''] = process.argv.slice(2);
await recover({
  databaseUrl,
  slot,
  pubsub: {
    projectId: 'test',
    emulatorHost: process.env.PUBSUB_EMULATOR_HOST,
  },
  logger,
  signal: new AbortController().signal,
  onPublished: () => process.stdout.write('published\n'),
});
