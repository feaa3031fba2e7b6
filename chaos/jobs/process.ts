import { createDataSource } from '../../src/data-source.ts';
import { Dispatcher } from '../../src/jobs/dispatch/dispatcher.ts';
import { createLogger } from '../../src/logger.ts';
import { registry } from './registry.ts';

/** A process of the chaos: serves queues until it is told to stop, or killed. */
const [url = '', queues = '', leaseSeconds = '10'] = process.argv.slice(2);
const con = await createDataSource({ url, poolSize: 60 }).initialize();
const dispatcher = new Dispatcher({
  con,
  url,
  registry,
  logger: createLogger('chaos'),
  queues: queues.split(','),
  leaseSeconds: Number(leaseSeconds),
});
process.once('disconnect', () => {
  void dispatcher
    .drain()
    .then(() => con.destroy())
    .then(() => process.exit(0));
});
await dispatcher.start();
process.send?.('ready');
