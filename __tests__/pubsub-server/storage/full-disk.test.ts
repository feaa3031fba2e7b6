import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runServer } from './running-server.ts';

const TOPIC = 'projects/p/topics/one';
const SUBSCRIPTION = 'projects/p/subscriptions/sub';

let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'nightshift-full-'));
});

afterEach(() => rm(data, { recursive: true }));

/** Lets files of a process grow no further than so many bytes, of Linux's util-linux. */
const limitFiles = (pid: number, bytes: string): boolean =>
  spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:`]).status === 0;

const testWithLimits =
  spawnSync('prlimit', ['--version']).error === undefined ? test : test.skip;

testWithLimits(
  'a server whose disk is full refuses with a sentence, loses nothing it answered, and goes on once there is room',
  async () => {
    const server = await runServer(data);
    const { publisher, subscriber } = server;
    await publisher.createTopic({ name: TOPIC });
    await subscriber.createSubscription({ name: SUBSCRIPTION, topic: TOPIC });
    const published: string[] = [];
    const publish = async (text: string): Promise<void> => {
      await publisher.publish(
        {
          topic: TOPIC,
          messages: [{ data: Buffer.from(text), attributes: { text } }],
        },
        { retry: null, timeout: 20_000 },
      );
      published.push(text.slice(0, 20));
    };
    await publish('before');
    expect(limitFiles(server.pid, '1000000')).toBe(true);
    const filler = 'x'.repeat(800);
    const fill = async (): Promise<void> => {
      for (let count = 0; ; count += 1)
        await publish(`filling ${count} ${filler}`);
    };
    const refused = {
      code: 14,
      details: expect.stringMatching(
        /could not write to the data directory: .+; make room on its disk/,
      ),
    };
    await expect(fill()).rejects.toMatchObject(refused);
    // Refused before anything is changed, by whichever method.
    await expect(
      publisher.deleteTopic({ topic: TOPIC }, { retry: null }),
    ).rejects.toMatchObject(refused);
    await expect(publisher.getTopic({ topic: TOPIC })).resolves.toBeDefined();

    expect(limitFiles(server.pid, 'unlimited')).toBe(true);
    for (;;)
      try {
        await publish('after');
        break;
      } catch (error) {
        expect(error).toMatchObject(refused);
      }
    await server.kill();

    const next = await runServer(data);
    const [{ receivedMessages }] = await next.subscriber.pull({
      subscription: SUBSCRIPTION,
      maxMessages: 1000,
    });
    const left = receivedMessages!.map(({ message }) =>
      String(message!.data).slice(0, 20),
    );
    expect(published.length).toBeGreaterThan(2);
    expect(left).toEqual(expect.arrayContaining(published));
    await next.kill();
  },
);
