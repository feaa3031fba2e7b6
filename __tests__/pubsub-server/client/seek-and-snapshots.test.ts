import { status } from '@grpc/grpc-js';

import { ControlledClock } from '../controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from '../set-up.ts';

afterEach(stopAll);

const MINUTE = 60_000;

/** A subscription that an open stream consumes, of which nothing is acknowledged before `settle`. */
const setUp = async (settings = {}) => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  const [sub] = await topic.createSubscription('sub', settings);
  const publish = async (...texts: string[]): Promise<void> => {
    for (const text of texts) {
      await topic.publishMessage({ data: Buffer.from(text) });
      clock.advance(MINUTE);
    }
  };
  const settled = () =>
    eventually(() => server.statistics().subscriptions[0]!.backlog === 0);
  /** Publishes a minute apart to a stream that acknowledges. */
  const consumed = async (...texts: string[]): Promise<void> => {
    for (const text of texts) {
      await topic.publishMessage({ data: Buffer.from(text) });
      await settled();
      clock.advance(MINUTE);
    }
  };
  return { clock, client, topic, sub, publish, consumed, settled };
};

describe('seek, under an open stream', () => {
  it('to a Date replays on the stream what was acknowledged since', async () => {
    const { clock, client, sub, consumed, settled } = await setUp({
      retainAckedMessages: true,
    });
    const start = clock.now();
    const inbox = new Inbox(client, 'sub', ack);
    await consumed('a', 'b', 'c');
    await sub.seek(new Date(start + MINUTE));
    await inbox.count(5);
    await settled();
    expect(inbox.texts).toEqual(['a', 'b', 'c', 'b', 'c']);
    await inbox.close();
  });

  it('to a snapshot replays on the stream what was not acknowledged then', async () => {
    const { client, sub, publish, consumed, settled } = await setUp();
    await publish('a', 'b');
    await sub.createSnapshot('snap');
    const inbox = new Inbox(client, 'sub', ack);
    await inbox.count(2);
    await settled();
    await consumed('c');
    await sub.seek('snap');
    await inbox.count(6);
    await settled();
    expect(inbox.texts).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
    await inbox.close();
  });

  it('into the future empties the backlog, and the stream goes on with what comes later', async () => {
    const { clock, client, sub, publish, settled } = await setUp();
    await publish('a', 'b');
    await sub.seek(new Date(clock.now() + 1));
    await settled();
    clock.advance(MINUTE);
    const inbox = new Inbox(client, 'sub', ack);
    await publish('c');
    await inbox.count(1);
    expect(inbox.texts).toEqual(['c']);
    await inbox.close();
  });
});

describe('snapshots through the client', () => {
  it('are created, listed, sought and deleted', async () => {
    const { client, topic, sub, publish, settled } = await setUp();
    await publish('a');
    const [snapshot, resource] = await sub.createSnapshot('snap');
    expect(snapshot.name).toBe('projects/test/snapshots/snap');
    expect(resource).toMatchObject({ name: snapshot.name, topic: topic.name });
    const [[listed]] = await client.getSnapshots();
    expect(listed).toMatchObject({
      name: snapshot.name,
      metadata: { topic: topic.name },
    });
    const inbox = new Inbox(client, 'sub', ack);
    await inbox.count(1);
    await settled();
    await sub.snapshot('snap').seek();
    await inbox.count(2);
    await settled();
    await inbox.close();
    await client.snapshot('snap').delete();
    const [left] = await client.getSnapshots();
    expect(left).toEqual([]);
    await expect(sub.snapshot('snap').seek()).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  it('are listed by pages that neither repeat nor skip', async () => {
    const { client, sub } = await setUp();
    const names = Array.from({ length: 7 }, (_, number) => `snap-${number}`);
    for (const name of names) await sub.createSnapshot(name);
    const pages: string[][] = [];
    let pageToken: string | undefined;
    do {
      const [snapshots, next] = await client.getSnapshots({
        autoPaginate: false,
        pageSize: 3,
        pageToken,
      });
      pages.push(snapshots.map(({ name }) => name.split('/').at(-1)!));
      ({ pageToken } = (next ?? {}) as { pageToken?: string });
    } while (pageToken);
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(names);
    const [all] = await client.getSnapshots();
    expect(all).toHaveLength(7);
  });
});
