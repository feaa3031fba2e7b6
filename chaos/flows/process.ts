import { createDataSource } from '../../src/data-source.ts';
import { startJobs } from '../../src/jobs/service.ts';
import { createLogger } from '../../src/logger.ts';
import { registry } from './flows.ts';

/** A process of the chaos: runs flows until it is told to stop, or killed. */
const [url = ''] = process.argv.slice(2);
const con = await createDataSource({ url, poolSize: 30 }).initialize();
const service = await startJobs({
  con,
  url,
  registry,
  logger: createLogger('chaos'),
  schedules: false,
});
process.once('disconnect', () => {
  void service
    .drain()
    .then(() => con.destroy())
    .then(() => process.exit(0));
});
process.send?.('ready');
