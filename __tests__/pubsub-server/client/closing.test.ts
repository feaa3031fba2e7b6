import {
  Duration,
  type Message,
  SubscriptionCloseBehaviors,
  type SubscriptionCloseOptions,
} from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';

import { ControlledClock } from '../controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from '../set-up.ts';

afterEach(stopAll);

/** Unlike events.once, takes no offence at the error that comes before. */
const closing = (inbox: Inbox): Promise<void> =>
  new Promise((resolve) => {
    inbox.subscription.once('close', resolve);
  });

/** A subscriber that holds one message of three when it begins to close; the clock stands still. */
const setUp = async (closeOptions?: SubscriptionCloseOptions) => {
  const { client, connect, server } = await startServer({
    clock: new ControlledClock(),
  });
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const held: Message[] = [];
  const inbox = new Inbox(
    client,
    'sub',
    (message) => {
      held.push(message);
    },
    { closeOptions },
  );
  await topic.publishMessage({ data: Buffer.from('x') });
  await inbox.count(1);
  const statistics = () => server.statistics().subscriptions[0]!;
  return { client, connect, inbox, message: held[0]!, statistics };
};

describe('close', () => {
  it('with WAIT counts an acknowledgement that comes while it waits', async () => {
    const { inbox, message, statistics } = await setUp({
      behavior: SubscriptionCloseBehaviors.WaitForProcessing,
      timeout: Duration.from({ minutes: 10 }),
    });
    const closed = inbox.close();
    await eventually(() => statistics().openStreams === 0);
    expect(statistics()).toMatchObject({ backlog: 1, outstanding: 1 });
    message.ack();
    await closed;
    expect(statistics().backlog).toBe(0);
  });

  it('with WAIT gives back at the timeout what is still running', async () => {
    const { connect, inbox, statistics } = await setUp({
      behavior: SubscriptionCloseBehaviors.WaitForProcessing,
      timeout: Duration.from({ milliseconds: 1_100 }),
    });
    await inbox.close();
    const second = new Inbox(connect(), 'sub', ack);
    await second.count(1);
    await eventually(() => statistics().backlog === 0);
    await second.close();
  });

  it('with NACK gives back what is running at once, and a late acknowledgement is nothing', async () => {
    const { connect, inbox, message, statistics } = await setUp({
      behavior: SubscriptionCloseBehaviors.NackImmediately,
    });
    await inbox.close();
    message.ack();
    expect(statistics()).toMatchObject({ backlog: 1, outstanding: 0 });
    const second = new Inbox(connect(), 'sub', ack);
    await second.count(1);
    await eventually(() => statistics().backlog === 0);
    await second.close();
  });

  it('and open again goes on where it was', async () => {
    const { inbox, message, statistics } = await setUp({
      behavior: SubscriptionCloseBehaviors.WaitForProcessing,
      timeout: Duration.from({ minutes: 10 }),
    });
    const closed = inbox.close();
    message.nack();
    await closed;
    inbox.subscription.open();
    inbox.subscription.on('message', ack);
    await inbox.count(2);
    await eventually(() => statistics().backlog === 0);
    await inbox.close();
  });
});

describe('a detached subscription', () => {
  it('says so, ends its stream with FAILED_PRECONDITION and can be deleted', async () => {
    const { client, inbox } = await setUp();
    const sub = client.subscription('sub');
    expect(await sub.detached()).toEqual([false]);
    const closed = closing(inbox);
    await client.detachSubscription('sub');
    await closed;
    expect(inbox.errors).toMatchObject([{ code: status.FAILED_PRECONDITION }]);
    expect(await sub.detached()).toEqual([true]);
    await sub.delete();
    expect(await sub.exists()).toEqual([false]);
  });
});

it('tells a subscriber of a deleted subscription, once, and closes it', async () => {
  const { client, inbox } = await setUp();
  const closed = closing(inbox);
  await client.subscription('sub').delete();
  await closed;
  expect(inbox.errors).toMatchObject([{ code: status.NOT_FOUND }]);
});
