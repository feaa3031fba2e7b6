import { AckError, AckResponses, type Message } from '@google-cloud/pubsub';

import { ControlledClock } from '../controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from '../set-up.ts';

afterEach(stopAll);

/** Past every lease of an exactly-once stream, which the client asks to be 60 s, in milliseconds. */
const PAST_THE_LEASE = 61_000;

const setUp = async (settings = {}) => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  const [sub] = await topic.createSubscription('sub', {
    enableExactlyOnceDelivery: true,
    ...settings,
  });
  const publish = (...texts: string[]) =>
    Promise.all(
      texts.map((text) => topic.publishMessage({ data: Buffer.from(text) })),
    );
  const inbox = new Inbox(client, 'sub', () => undefined);
  const statistics = () => server.statistics().subscriptions[0]!;
  /** The next message that is delivered. */
  const next = async (): Promise<Message> => {
    const count = inbox.messages.length;
    await inbox.count(count + 1);
    return inbox.messages[count]!;
  };
  const published = async (text: string) => {
    const [message] = await Promise.all([next(), publish(text)]);
    return message;
  };
  const expired = async (text: string) => {
    const first = await published(text);
    const again = next();
    clock.advance(PAST_THE_LEASE);
    return { first, again: await again };
  };
  return { clock, sub, inbox, publish, published, next, expired, statistics };
};

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('expected an AckError, got a success');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(AckError);
      return (error as AckError).errorCode;
    },
  );

describe('ackWithResponse', () => {
  it('succeeds while the lease stands, and the message never comes again', async () => {
    const { clock, inbox, published, statistics } = await setUp();
    const message = await published('a');
    expect(await message.ackWithResponse()).toBe(AckResponses.Success);
    expect(statistics().backlog).toBe(0);
    clock.advance(PAST_THE_LEASE);
    await published('marker');
    expect(inbox.texts).toEqual(['a', 'marker']);
    await inbox.close();
  });

  it('succeeds for each of a batch', async () => {
    const { inbox, publish, statistics } = await setUp();
    const texts = Array.from({ length: 100 }, (_, number) => String(number));
    await publish(...texts);
    await inbox.count(texts.length);
    const responses = await Promise.all(
      inbox.messages.map((message) => message.ackWithResponse()),
    );
    expect(new Set(responses)).toEqual(new Set([AckResponses.Success]));
    expect(statistics().backlog).toBe(0);
    await inbox.close();
  });

  it('fails with INVALID once the lease is over, and the later delivery can be acknowledged', async () => {
    const { inbox, expired, statistics } = await setUp();
    const { first, again } = await expired('a');
    expect(again.id).toBe(first.id);
    expect(await refusal(first.ackWithResponse())).toBe(AckResponses.Invalid);
    expect(statistics().backlog).toBe(1);
    expect(await again.ackWithResponse()).toBe(AckResponses.Success);
    expect(statistics().backlog).toBe(0);
    await inbox.close();
  });

  it('does not succeed once the subscription is detached', async () => {
    const { inbox, published, sub } = await setUp();
    const message = await published('a');
    const closed = new Promise<void>((resolve) => {
      inbox.subscription.once('close', resolve);
    });
    await sub.pubsub.detachSubscription('sub');
    // The client may have closed itself already; it then answers INVALID instead of throwing it.
    const response = await message
      .ackWithResponse()
      .catch((error: unknown) => (error as AckError).errorCode);
    expect(response).not.toBe(AckResponses.Success);
    await closed;
  });
});

it('takes what stands of a batch in which something else is refused', async () => {
  const { inbox, expired, published, statistics } = await setUp();
  const { first, again } = await expired('a');
  const other = await published('b');
  const responses = [first, again, other].map((message) =>
    message.ackWithResponse(),
  );
  expect(await Promise.allSettled(responses)).toMatchObject([
    { reason: { errorCode: AckResponses.Invalid } },
    { value: AckResponses.Success },
    { value: AckResponses.Success },
  ]);
  expect(statistics().backlog).toBe(0);
  await inbox.close();
});

describe('modAckWithResponse', () => {
  it('extends the lease', async () => {
    const { clock, inbox, published } = await setUp();
    const message = await published('a');
    expect(await message.modAckWithResponse(600)).toBe(AckResponses.Success);
    clock.advance(599_000);
    await published('marker');
    expect(inbox.texts).toEqual(['a', 'marker']);
    expect(await message.ackWithResponse()).toBe(AckResponses.Success);
    await inbox.close();
  });

  it('fails with INVALID once the lease is over, and so does what follows', async () => {
    const { inbox, expired } = await setUp();
    const { first } = await expired('a');
    expect(await refusal(first.modAckWithResponse(60))).toBe(
      AckResponses.Invalid,
    );
    expect(await refusal(first.ackWithResponse())).toBe(AckResponses.Invalid);
    await inbox.close();
  });
});

describe('nackWithResponse', () => {
  it('succeeds, and the message comes again at once', async () => {
    const { inbox, published, next } = await setUp();
    const message = await published('a');
    const again = next();
    expect(await message.nackWithResponse()).toBe(AckResponses.Success);
    expect((await again).id).toBe(message.id);
    expect((await again).ackId).not.toBe(message.ackId);
    await inbox.close();
  });

  it('fails with INVALID once the lease is over, and leaves the later lease alone', async () => {
    const { inbox, expired, published } = await setUp();
    const { first, again } = await expired('a');
    expect(await refusal(first.nackWithResponse())).toBe(AckResponses.Invalid);
    await published('marker');
    expect(inbox.texts).toEqual(['a', 'a', 'marker']);
    expect(await again.ackWithResponse()).toBe(AckResponses.Success);
    await inbox.close();
  });
});

it('answers SUCCESS without asking on a subscription that is not exactly-once', async () => {
  const { clock, sub, inbox, published, statistics } = await setUp({
    enableExactlyOnceDelivery: false,
  });
  const [metadata] = await sub.getMetadata();
  expect(metadata.enableExactlyOnceDelivery).toBe(false);
  const message = await published('a');
  clock.advance(PAST_THE_LEASE);
  expect(await message.ackWithResponse()).toBe(AckResponses.Success);
  await eventually(() => statistics().backlog === 0);
  await inbox.close();
});

it('counts attempts, and takes the rest of a key while one of its messages comes again', async () => {
  const { client, server } = await startServer();
  const [dead] = await client.createTopic('dead');
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub', {
    enableExactlyOnceDelivery: true,
    enableMessageOrdering: true,
    deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 5 },
  });
  const ordered = client.topic('one', { messageOrdering: true });
  for (const text of ['a', 'b', 'c'])
    await ordered.publishMessage({
      data: Buffer.from(text),
      orderingKey: 'key',
    });
  const responses: Promise<unknown>[] = [];
  const inbox = new Inbox(client, 'sub', (message) => {
    const failing =
      message.data.toString() === 'b' && message.deliveryAttempt === 1;
    responses.push(
      failing ? message.nackWithResponse() : message.ackWithResponse(),
    );
  });
  await eventually(() => server.statistics().subscriptions[0]!.backlog === 0);
  expect(
    inbox.messages
      .filter(({ data }) => data.toString() === 'b')
      .map(({ deliveryAttempt }) => deliveryAttempt),
  ).toEqual([1, 2]);
  expect(inbox.texts.slice(0, 2)).toEqual(['a', 'b']);
  await Promise.allSettled(responses);
  await inbox.close();
});

it('is what a second subscriber takes over when the first one goes away', async () => {
  const { inbox, published, sub, statistics } = await setUp();
  const message = await published('a');
  await inbox.close();
  const second = new Inbox(sub.pubsub, 'sub', ack);
  await second.count(1);
  expect(second.messages[0]!.id).toBe(message.id);
  await eventually(() => statistics().backlog === 0);
  await second.close();
});
