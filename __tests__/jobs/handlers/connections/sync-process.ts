import { createDataSource } from '../../../../src/data-source.ts';
import { syncConnection } from '../../../../src/jobs/handlers/connections/sync.ts';
import { runningJob } from './running.ts';

const [url = '', connectionId = '', jobId = ''] = process.argv.slice(2);
const con = await createDataSource({ url, poolSize: 2 }).initialize();
await syncConnection(connectionId, runningJob(con, { jobId }), {
  allowPrivate: true,
  publicUrl: undefined,
});
await con.destroy();
