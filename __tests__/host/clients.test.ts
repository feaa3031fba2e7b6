import {
  createSubscriberClients,
  subscriptionOptions,
} from '../../src/host/clients.ts';
import { limitsOf } from '../../src/host/limits.ts';
import { servedWorker } from './set-up.ts';

test.each([
  [0, 0],
  [1, 1],
  [90, 1],
  [91, 2],
  [200, 3],
])('%i subscriptions take %i clients', async (subscriptions, clients) => {
  const made = createSubscriberClients(
    { projectId: 'host-tests', emulatorHost: '127.0.0.1:1' },
    subscriptions,
  );
  expect(made).toHaveLength(clients);
  await Promise.all(made.map((client) => client.close()));
});

test('a lease lasts for the longest wait and the handler', () => {
  const worker = servedWorker({
    run: async () => undefined,
    timeoutSeconds: 60,
    maxMessages: 20,
  });
  expect(limitsOf(worker)).toMatchObject({
    held: 100,
    queueWait: 300_000,
    lease: 360_000,
    abandoned: 40,
  });
  const options = subscriptionOptions(worker);
  expect(options.maxExtensionTime?.totalOf('second')).toBe(360);
  expect(options).toMatchObject({
    streamingOptions: { maxStreams: 1 },
    flowControl: { maxMessages: 100 },
    closeOptions: { behavior: 'WAIT' },
  });
});

test('a worker with many slots holds no more than what its acks wait for', () => {
  const worker = servedWorker({
    run: async () => undefined,
    maxMessages: 1_000,
  });
  expect(limitsOf(worker).held).toBe(2_000);
});
