import { ack, eventually, Inbox, startServer, stopAll } from './set-up.ts';

afterEach(stopAll);

it('counts what is published, delivered and finished, once for each subscription', async () => {
  const { server, client } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('left');
  await topic.createSubscription('read');
  expect(server.activity()).toEqual({
    published: 0,
    delivered: 0,
    finished: 0,
    backlog: 0,
  });
  for (const text of ['a', 'b'])
    await topic.publishMessage({ data: Buffer.from(text) });
  const inbox = new Inbox(client, 'read', ack);
  await inbox.count(2);
  await eventually(() => server.activity().finished === 2);
  expect(server.activity()).toEqual({
    published: 2,
    delivered: 2,
    finished: 2,
    backlog: 2,
  });
  await inbox.close();
});
