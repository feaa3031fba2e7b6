import { CausalityRecorder } from '../../src/causality/recorder.ts';
import { createDataSource } from '../../src/data-source.ts';
import { createHost } from '../../src/host/host.ts';
import { logger, projectId, servedWorker } from '../host/set-up.ts';

/** Handles and records until it is killed; tells its parent of each message. Arguments: URL, broker, subscription, topic. */
const [url, emulatorHost, subscription, topic] = process.argv.slice(2);
const dataSource = await createDataSource({ url: url! }).initialize();
const recorder = new CausalityRecorder({ con: dataSource, logger });
const host = createHost({
  workers: [
    servedWorker({
      subscription: subscription!,
      topic: topic!,
      maxMessages: 5,
      run: async ({ attributes }) => {
        process.send?.(attributes['id']);
      },
    }),
  ],
  dataSource,
  logger,
  projectId,
  ...(emulatorHost !== undefined && { emulatorHost }),
  recorder,
});
await host.start();
