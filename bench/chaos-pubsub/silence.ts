/**
 * Holds streams of the unmodified Node client open over real minutes without a message, and looks
 * whether they are still the same streams and still deliver. The client asks every 30 seconds on each
 * stream whether it lives, and replaces one that has not answered within 15 seconds.
 *
 *     node --import tsx bench/chaos-pubsub/silence.ts [--minutes 10]
 *
 * Exits with 1 if a stream was replaced or the message after the silence did not come.
 */
import { parseArgs } from 'node:util';

import { type Message, PubSub, type Subscription } from '@google-cloud/pubsub';

import { freePort } from '../../src/local/ports.ts';
import { ServerProcess } from './server-process.ts';

process.env.METADATA_SERVER_DETECTION ??= 'none';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 60))
  throw new Error(
    `expected --minutes above 0 and up to 60, got: ${values.minutes}`,
  );

const minute = 60_000;
const streams = 5;

/** The client's own streams; it has no public way to tell that it replaced one. */
const streamsOf = (subscription: Subscription): readonly unknown[] =>
  (
    subscription as unknown as {
      _subscriber: { _stream: { _streams: { stream: unknown }[] } };
    }
  )._subscriber._stream._streams.map(({ stream }) => stream);

const server = await ServerProcess.launch(await freePort()).ready();
process.env.PUBSUB_EMULATOR_HOST = server.address;
const client = new PubSub({ projectId: 'silence' });
try {
  const [topic] = await client.createTopic('silent');
  const [subscription] = await topic.createSubscription('silent');
  const arrived = Promise.withResolvers<Message>();
  const errors: Error[] = [];
  subscription.on('error', (error) => {
    errors.push(error);
  });
  subscription.on('message', (message) => {
    message.ack();
    arrived.resolve(message);
  });
  const openStreams = async () =>
    (await server.statistics()).subscriptions[0]?.openStreams;
  const within = <T>(promise: Promise<T>, milliseconds: number): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new Error(`expected an answer within ${milliseconds} ms, got none`),
        );
      }, milliseconds);
      promise.then(resolve, reject).finally(() => {
        clearTimeout(timer);
      });
    });
  const poll = async (condition: () => Promise<boolean>): Promise<void> => {
    while (!(await condition()))
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await within(
    poll(async () => (await openStreams()) === streams),
    10_000,
  );
  const opened = streamsOf(subscription);
  const began = performance.now();
  while (performance.now() - began < minutes * minute) {
    await new Promise((resolve) =>
      setTimeout(
        resolve,
        Math.min(minute, minutes * minute - (performance.now() - began)),
      ),
    );
    console.log(
      `${((performance.now() - began) / minute).toFixed(1)} min of silence: ${await openStreams()} streams open`,
    );
  }
  const replaced = streamsOf(subscription).filter(
    (stream, index) => stream !== opened[index],
  ).length;
  const published = performance.now();
  await topic.publishMessage({ data: Buffer.from('after the silence') });
  await within(arrived.promise, 5_000);
  const milliseconds = Math.round(performance.now() - published);
  console.log(
    JSON.stringify({
      minutes,
      streams,
      replaced,
      errors: errors.length,
      messageAfterSilenceMilliseconds: milliseconds,
    }),
  );
  if (replaced > 0 || errors.length > 0) process.exitCode = 1;
  await subscription.close();
} finally {
  await client.close();
  await server.kill();
}
