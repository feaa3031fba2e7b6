import { PubSub } from '@google-cloud/pubsub';

import { recover } from '../../src/cdc/recovery/recover.ts';
import { logger } from './set-up.ts';

const [databaseUrl = '', slot = ''] = process.argv.slice(2);
await recover({
  databaseUrl,
  slot,
  pubsub: new PubSub({ projectId: 'test' }),
  logger,
  signal: new AbortController().signal,
  onPublished: () => process.stdout.write('published\n'),
});
