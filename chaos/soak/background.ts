/** A background process with a cheap worker for every message and a transactional one for some. */
import { startBackground } from '../../src/background.ts';
import { runUntilStopped } from '../../src/commands/run-until-stopped.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { createLogger } from '../../src/logger.ts';
import { soakSubscriptions } from './subscriptions.ts';

const logger = createLogger('soak-background');

const served = (subscription: string): ServedWorker => ({
  subscription,
  topic: 'soak',
  ordered: false,
  ackDeadlineSeconds: 60,
  maxMessages: 20,
  timeoutSeconds: 60,
  maxFailures: 5,
  transactional: subscription === soakSubscriptions.transactional,
  parse: ({ data }) => JSON.parse(data.toString()) as unknown,
  eventId: ({ attributes }) => attributes['id'],
  run: async () => undefined,
});

const background = await startBackground({
  name: 'soak-background',
  workers: Object.values(soakSubscriptions).map(served),
  logger,
});
await runUntilStopped(background, logger);
