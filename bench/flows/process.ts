import { pino } from 'pino';

import { createDataSource } from '../../src/data-source.ts';
import { Dispatcher } from '../../src/jobs/dispatch/dispatcher.ts';
import { registry } from './flows.ts';

/** A worker of the bench: runs flows until the bench lets go of it, and says when asked how much it has worked. */
const [url = ''] = process.argv.slice(2);
const con = await createDataSource({ url, poolSize: 25 }).initialize();
const dispatcher = new Dispatcher({
  con,
  url,
  registry,
  logger: pino({ level: 'warn' }),
});
await dispatcher.start();
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.((user + system) / 1e6);
});
process.once('disconnect', () => {
  void dispatcher
    .drain()
    .then(() => con.destroy())
    .then(() => process.exit(0));
});
process.send?.('ready');
