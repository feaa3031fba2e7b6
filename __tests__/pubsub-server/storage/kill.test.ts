import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { runServer } from './running-server.ts';
import { scratchDirectory } from '../../setup/scratch-directory.ts';

const TOPIC = 'projects/p/topics/one';
const SUBSCRIPTION = 'projects/p/subscriptions/sub';

let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(await scratchDirectory(), 'nightshift-kill-'));
});

afterEach(() => rm(data, { recursive: true }));

// One attempt each: what is retried could be answered by the next server.
const ONE_ATTEMPT = { retry: null, timeout: 10_000 };

test('a server killed amid publishes and acknowledgements has lost none that it answered', async () => {
  let server = await runServer(data);
  await server.publisher.createTopic({ name: TOPIC });
  await server.subscriber.createSubscription({
    name: SUBSCRIPTION,
    topic: TOPIC,
    ackDeadlineSeconds: 600,
  });
  const published = new Set<string>();
  const acknowledged = new Set<string>();
  /** Those whose acknowledgement was sent, and perhaps taken, too. */
  const given = new Set<string>();
  let sent = 0;

  for (let life = 0; life < 4; life += 1) {
    const { publisher, subscriber, kill } = server;
    let answers = 0;
    let killed: Promise<void> | undefined;
    const answered = (): void => {
      answers += 1;
      // Not at a quiet moment: many more are on their way.
      if (answers >= 40 + 13 * life) killed ??= kill();
    };
    const publishAlways = async (): Promise<void> => {
      for (;;) {
        const texts = Array.from({ length: 1 + (sent % 7) }, () =>
          String((sent += 1)),
        );
        await publisher.publish(
          {
            topic: TOPIC,
            messages: texts.map((text) => ({ data: Buffer.from(text) })),
          },
          ONE_ATTEMPT,
        );
        for (const text of texts) published.add(text);
        answered();
      }
    };
    const acknowledgeAlways = async (): Promise<void> => {
      for (;;) {
        const [{ receivedMessages }] = await subscriber.pull(
          { subscription: SUBSCRIPTION, maxMessages: 5 },
          ONE_ATTEMPT,
        );
        const taken = receivedMessages!.filter((_, index) => index % 2 === 0);
        if (taken.length === 0) continue;
        for (const { message } of taken)
          expect(acknowledged).not.toContain(String(message!.data));
        for (const { message } of taken) given.add(String(message!.data));
        await subscriber.acknowledge(
          {
            subscription: SUBSCRIPTION,
            ackIds: taken.map(({ ackId }) => ackId!),
          },
          ONE_ATTEMPT,
        );
        for (const { message } of taken)
          acknowledged.add(String(message!.data));
        answered();
      }
    };
    const ends = await Promise.allSettled([
      publishAlways(),
      publishAlways(),
      publishAlways(),
      acknowledgeAlways(),
      acknowledgeAlways(),
    ]);
    await killed;
    for (const end of ends) expect(end).toMatchObject({ reason: { code: 14 } });
    server = await runServer(data);
  }

  const left = new Set<string>();
  for (;;) {
    const [{ receivedMessages }] = await server.subscriber.pull({
      subscription: SUBSCRIPTION,
      maxMessages: 1000,
      returnImmediately: true,
    });
    if (receivedMessages!.length === 0) break;
    for (const { message } of receivedMessages!)
      left.add(String(message!.data));
  }
  await server.kill();
  expect(published.size).toBeGreaterThan(100);
  expect(acknowledged.size).toBeGreaterThan(20);
  expect([...acknowledged].filter((text) => left.has(text))).toEqual([]);
  expect(
    [...published].filter((text) => !left.has(text) && !given.has(text)),
  ).toEqual([]);
});
