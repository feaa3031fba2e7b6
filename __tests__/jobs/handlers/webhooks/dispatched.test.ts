import { once } from 'node:events';

import { pino } from 'pino';

import { SentMessage } from '../../../../src/entity/index.ts';
import { jobs, type JobSchema } from '../../../../src/jobs/declarations.ts';
import { Dispatcher } from '../../../../src/jobs/dispatch/dispatcher.ts';
import type { JobHandler } from '../../../../src/jobs/handler.ts';
import sendEmail from '../../../../src/jobs/handlers/sendEmail.ts';
import { deliverWebhook } from '../../../../src/jobs/handlers/webhooks/deliver.ts';
import { queues } from '../../../../src/jobs/queues.ts';
import { useTestDatabase } from '../../../helpers.ts';
import {
  createDelivery,
  createEndpoint,
  deliveryOf,
  endpointOf,
  receiver,
} from './set-up.ts';

const database = useTestDatabase();

/** As in production, but that webhooks may go to this machine. */
const deliver: JobHandler<JobSchema['deliver-webhook']> = {
  handler: ({ deliveryId }, context) =>
    deliverWebhook(deliveryId, context, { allowPrivate: true }),
};

const startDispatcher = async () => {
  const { con } = database;
  const dispatcher = new Dispatcher({
    con,
    url: con.options.type === 'postgres' ? (con.options.url ?? '') : '',
    logger: pino({ level: 'silent' }),
    registry: {
      queues: {
        'webhook-delivery': queues['webhook-delivery'],
        'email-sending': queues['email-sending'],
      },
      declarations: jobs,
      handlers: {
        'deliver-webhook': deliver,
        'send-email': sendEmail,
      },
    },
  });
  await dispatcher.start();
  return {
    ended: (queue: string) => once(dispatcher.runners.get(queue)!, 'ended'),
    [Symbol.asyncDispose]: () => dispatcher.drain(),
  };
};

it('a delivery that is committed arrives, and one that is refused for good mails its owner', async () => {
  const { con } = database;
  await using server = await receiver(200, 410);
  await using dispatcher = await startDispatcher();
  const endpoint = await createEndpoint(con, server.url);

  let ended = dispatcher.ended('webhook-delivery');
  const first = await createDelivery(con, endpoint.id);
  await ended;
  expect(await deliveryOf(con, first)).toMatchObject({ state: 'delivered' });

  ended = dispatcher.ended('webhook-delivery');
  const mailed = dispatcher.ended('email-sending');
  const second = await createDelivery(con, endpoint.id);
  await ended;
  await mailed;

  expect(await deliveryOf(con, second)).toMatchObject({ state: 'failed' });
  expect(await endpointOf(con, endpoint.id)).toMatchObject({ enabled: false });
  expect(
    await con
      .getRepository(SentMessage)
      .findBy({ recipientId: endpoint.user.id }),
  ).toEqual([
    expect.objectContaining({
      subject: 'Your webhook endpoint was disabled',
      html: expect.stringContaining(server.url) as string,
    }),
  ]);
});
