import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { servedSubscriptions } from '../common.ts';
import { processes } from '../plan/processes.ts';

interface Made {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** A process a stack: Pulumi's runtime holds one stack for the life of a process. */
const run = (stack: string): Made[] => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      '--import',
      'tsx',
      fileURLToPath(new URL('run-under-mocks.ts', import.meta.url)),
      stack,
    ],
    { encoding: 'utf8', maxBuffer: 32 * 1024 * 1024 },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Made[];
};

for (const stack of ['dev', 'prod'])
  test(`the program of ${stack} makes what workers need`, () => {
    const made = run(stack);
    const named = (type: string) =>
      made.filter((one) => one.type === type).map(({ name }) => name);
    const subscriptions = named('gcp:pubsub/subscription:Subscription');
    for (const { subscription } of servedSubscriptions) {
      assert.ok(subscriptions.includes(subscription), subscription);
      assert.ok(
        named(
          'gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember',
        ).includes(`dead-letter-subscriber-${subscription}`),
      );
      assert.ok(
        named('gcp:pubsub/topicIAMMember:TopicIAMMember').includes(
          `dead-letter-publisher-${subscription}`,
        ),
      );
    }
    assert.deepEqual(
      made.filter(({ type }) => type.startsWith('gcp:projects/iAM')),
      [],
    );
    assert.equal(
      made.filter(({ type }) => type === 'kubernetes:apps/v1:Deployment')
        .length,
      5,
    );
    const components = made.filter(({ type }) =>
      type.startsWith('nightshift:infra:'),
    );
    assert.deepEqual(components.map(({ name }) => name).sort(), [
      'access',
      'messaging',
      'monitoring',
      'platform',
      'workloads',
    ]);
    for (const process of processes) {
      assert.ok(
        named('gcp:serviceaccount/account:Account').includes(process.name),
      );
      assert.ok(
        named('gcp:monitoring/alertPolicy:AlertPolicy').includes(
          `no-heartbeat-${process.name}`,
        ),
      );
    }
    assert.deepEqual(named('gcp:storage/bucket:Bucket'), ['exports']);
    assert.deepEqual(
      named('kubernetes:autoscaling/v2:HorizontalPodAutoscaler').sort(),
      processes
        .filter(({ scaledBy }) => scaledBy !== 'none')
        .map(({ name }) => `horizontalpodautoscaler/${name}`)
        .sort(),
    );
    const settings = readFileSync(
      new URL(`../Pulumi.${stack}.yaml`, import.meta.url),
      'utf8',
    );
    for (const secret of processes.flatMap(({ secrets }) => secrets))
      assert.ok(!settings.includes(secret), secret);
  });
