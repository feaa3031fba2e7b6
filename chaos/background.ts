/** A background process like `nightshift background`, that serves the workers of the chaos. */
import { startBackground } from '../src/background.ts';
import { runUntilStopped } from '../src/commands/run-until-stopped.ts';
import { createLogger } from '../src/logger.ts';
import { chaosWorkers } from './workers.ts';

const logger = createLogger('chaos-background');
const background = await startBackground({
  name: 'chaos-background',
  workers: chaosWorkers(),
  logger,
});
logger.info('ready');
await runUntilStopped(background, logger);
