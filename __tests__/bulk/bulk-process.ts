import { pino } from 'pino';

import { fullRegistry } from '../../src/commands/work-registry.ts';
import { createDataSource } from '../../src/data-source.ts';
import { startJobs } from '../../src/jobs/service.ts';

/** Serves bulk actions until it is killed: prints a line when it does. Arguments: the URL of the database. */
const [url] = process.argv.slice(2);
const con = createDataSource({ url: url!, poolSize: 5 });
await con.initialize();
await startJobs({
  con,
  url: url!,
  registry: fullRegistry,
  queues: ['operator'],
  schedules: false,
  logger: pino({ level: 'silent' }),
});
process.stdout.write('serving\n');
