import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  NoStatisticsError,
  readStatistics,
} from '../../src/provision/statistics.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import {
  shownAge,
  subscriptionsCommand,
} from '../../src/commands/subscriptions.ts';
import { freePort } from '../../src/local/ports.ts';
import { startPubSub } from '../../src/pubsub-server/index.ts';
import { runCommand } from './run-command.ts';

describe('nightshift subscriptions', () => {
  it('shows what waits on each subscription', async () => {
    const server = await startPubSub();
    process.env.PUBSUB_EMULATOR_HOST = server.address;
    const pubsub = createPublisherClient({
      projectId: 'test',
      emulatorHost: server.address,
    });
    try {
      const empty = await runCommand(subscriptionsCommand());
      expect(empty.output).toContain('nightshift provision');
      await pubsub.createTopic('views');
      await pubsub.createSubscription('views', 'viewers');
      await pubsub.topic('views').publishMessage({ json: {} });

      const { output } = await runCommand(subscriptionsCommand());
      expect(output).toMatch(/^SUBSCRIPTION +BACKLOG/);
      expect(output).toMatch(/viewers +1 +0 +0s +0 +0 +views/);

      const { output: json } = await runCommand(
        subscriptionsCommand(),
        '--json',
      );
      expect(JSON.parse(json).subscriptions).toMatchObject([
        { name: 'viewers', topic: 'views', backlog: 1 },
      ]);
    } finally {
      await pubsub.close();
      await server.stop();
    }
  });
});

describe('readStatistics', () => {
  let other: Server;

  beforeAll(async () => {
    other = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => other.close());

  it("names Cloud Monitoring's metrics for Google's service", async () => {
    const refused = readStatistics(undefined);
    await expect(refused).rejects.toThrow(NoStatisticsError);
    await expect(refused).rejects.toThrow(/num_undelivered_messages/);
  });

  it('does so for a broker that has no statistics', async () => {
    const { port } = other.address() as AddressInfo;
    await expect(readStatistics(`127.0.0.1:${port}`)).rejects.toThrow(
      NoStatisticsError,
    );
  });

  it('says that nothing answers', async () => {
    await expect(
      readStatistics(`127.0.0.1:${await freePort()}`),
    ).rejects.toThrow(/nightshift pubsub/);
  });
});

describe('shownAge', () => {
  it.each([
    [0.4, '0s'],
    [61, '1m 1s'],
    [3_725, '1h 2m'],
    [90_000, '1d 1h'],
  ])('shows %d seconds as %s', (seconds, text) => {
    expect(shownAge(seconds)).toBe(text);
  });
});
