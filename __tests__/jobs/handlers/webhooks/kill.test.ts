import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { createTestDatabase } from '../../../setup/database.ts';
import { serve } from '../../../outgoing/servers.ts';
import {
  attempt,
  createDelivery,
  createEndpoint,
  deliveryOf,
} from './set-up.ts';

it('sends again under the same id what a killed process had sent, and keeps it once', async () => {
  const database = await createTestDatabase();
  const con = database.dataSource;
  const ids: unknown[] = [];
  let child: ChildProcess | undefined;
  await using server = await serve((request, response) => {
    ids.push(request.headers['webhook-id']);
    // The first time nobody is left to hear the answer.
    if (ids.length === 1) child?.kill('SIGKILL');
    else response.end('heard');
  });
  try {
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    const { jobId } = await deliveryOf(con, id);
    child = spawn(
      process.execPath,
      [
        '--import',
        'tsx/esm',
        '__tests__/jobs/handlers/webhooks/killed-delivery.ts',
        database.url,
        id,
        jobId ?? '',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(await deliveryOf(con, id)).toMatchObject({
      state: 'pending',
      attempts: 0,
    });

    await attempt(con, id, { attempt: 2 });

    expect(ids).toEqual([id, id]);
    expect(await deliveryOf(con, id)).toMatchObject({
      state: 'delivered',
      attempts: 1,
    });
  } finally {
    await database.drop();
  }
});
