import { provisionCommand } from '../../src/commands/provision.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import {
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';
import { runCommand } from './run-command.ts';

let server: PubSubServer;

beforeAll(async () => {
  server = await startPubSub();
  process.env.PUBSUB_EMULATOR_HOST = server.address;
  process.env.PUBSUB_PROJECT_ID = 'test';
});

afterAll(() => server.stop());

const provision = (...args: string[]) =>
  runCommand(provisionCommand(), ...args);

describe('nightshift provision', () => {
  it('plans without changing, then makes, then finds nothing to do', async () => {
    const planned = await provision('--dry-run');
    expect(planned.exitCode).toBe(0);
    expect(planned.output).toContain('create topic post-upvoted');
    expect(planned.output).toContain(
      'create subscription post-upvoted-rep on post-upvoted',
    );
    expect(planned.output).toMatch(/\nproject test: \d+ to create$/);
    // Colour is for terminals.
    expect(planned.output).not.toContain('\u001b');
    expect((await provision('--check')).exitCode).toBe(1);
    expect(server.statistics().subscriptions).toEqual([]);

    const made = await provision();
    expect(made.exitCode).toBe(0);
    expect(made.output).toContain(planned.output);

    const again = await provision('--check', '--json');
    expect(again.exitCode).toBe(0);
    expect(JSON.parse(again.output)).toEqual({
      project: 'test',
      plan: [],
      leftOver: [],
      made: 0,
    });
  });

  it('exits with 1 for what is fixed at creation, after making the rest', async () => {
    await provision();
    const pubsub = createPublisherClient({
      projectId: 'test',
      emulatorHost: server.address,
    });
    await pubsub.subscription('api-cdc').delete();
    await pubsub.createSubscription('api.changes', 'api-cdc', {
      ackDeadlineSeconds: 11,
    });
    const { exitCode, output } = await provision();
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /update subscription api-cdc\n(?: {2}.*\n)* {2}ackDeadlineSeconds 11 → 60/,
    );
    expect(output).toMatch(
      /cannot change subscription api-cdc\n {2}enableMessageOrdering false → true/,
    );
    await pubsub.subscription('api-cdc').delete();
    await pubsub.close();
    await provision();
  });

  it('lists what is left over, and deletes it with --prune alone', async () => {
    const pubsub = createPublisherClient({
      projectId: 'test',
      emulatorHost: server.address,
    });
    try {
      await provision();
      await pubsub.createSubscription('post-upvoted', 'old-rep', {
        labels: { application: 'nightshift' },
      });
      const line = 'delete subscription old-rep of post-upvoted';
      const checked = await provision('--check');
      expect(checked.exitCode).toBe(1);
      expect(checked.output).toContain(`left alone without --prune: ${line}`);
      expect(checked.output).toMatch(/project test: 1 left over$/);
      expect((await provision()).exitCode).toBe(0);
      expect(
        (await provision('--prune', '--dry-run')).output.startsWith(line),
      ).toBe(true);
      const [kept] = await pubsub.subscription('old-rep').exists();
      expect(kept).toBe(true);
      expect((await provision('--prune')).output).toMatch(/made 1 change$/);
      const [exists] = await pubsub.subscription('old-rep').exists();
      expect(exists).toBe(false);
      expect((await provision('--check')).exitCode).toBe(0);
    } finally {
      await pubsub.close();
    }
  });
});
