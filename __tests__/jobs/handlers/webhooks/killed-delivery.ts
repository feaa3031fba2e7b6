import { createDataSource } from '../../../../src/data-source.ts';
import { deliverWebhook } from '../../../../src/jobs/handlers/webhooks/deliver.ts';
import { jobContext } from '../exports/job-context.ts';

/** Sends a delivery; the test kills this process while it waits for the answer. */
const [url, deliveryId, jobId] = process.argv.slice(2) as [
  string,
  string,
  string,
];
const con = await createDataSource({ url, poolSize: 2 }).initialize();
await deliverWebhook(deliveryId, jobContext(con, { job: { id: jobId } }), {
  allowPrivate: true,
});
