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
  onPublished: () => {
    process.stdout.write('published\n');
    // Stands still until it is killed: otherwise it might be through before anybody comes to it.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
