import { config } from '../../src/config.ts';
import { QueuePriority, queueOf } from '../../src/jobs/queue.ts';
import { JOB_QUEUE, type QueueName, queues } from '../../src/jobs/queues.ts';

test.each([
  ['reconciliation', QueuePriority.HIGH, 5, 3],
  ['webhook-delivery', QueuePriority.NORMAL, 10, 5],
  ['export-generation', QueuePriority.NORMAL, 3, 2],
  ['email-sending', QueuePriority.LOW, 5, 3],
  ['cache-warming', QueuePriority.LOW, 2, 1],
] as const)(
  '%s has priority %d, concurrency %d and %d attempts',
  (name, priority, concurrency, attempts) => {
    expect(queueOf(queues[name])).toMatchObject({
      priority,
      concurrency,
      attempts,
    });
  },
);

test('every queue has a name for those who would rather not write text', () => {
  expect(Object.values(JOB_QUEUE).sort()).toEqual(Object.keys(queues).sort());
});

test('a worker with the budget assumed has time for jobs of every queue but the long ones', () => {
  const tooLong = (Object.keys(queues) as QueueName[]).filter(
    (name) =>
      queueOf(queues[name]).timeoutSeconds >
      config().WORKER_BUDGET_SECONDS - 1.5,
  );
  expect(tooLong).toEqual(
    expect.arrayContaining(['reconciliation', 'export-generation']),
  );
  expect(tooLong).toHaveLength(2);
});
