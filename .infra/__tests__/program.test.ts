import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import {
  deadLetterSubscriptions,
  resolveSubscription,
  servedSubscriptions,
} from '../common.ts';
import { processes } from '../plan/processes.ts';

interface Made {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
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

const settingsOf = (stack: string) =>
  readFileSync(new URL(`../Pulumi.${stack}.yaml`, import.meta.url), 'utf8');

for (const stack of ['dev', 'prod']) {
  const made = run(stack);
  const inputsOf = (type: string) =>
    new Map(
      made
        .filter((one) => one.type === type)
        .map(({ name, inputs }) => [name, inputs]),
    );
  const topics = inputsOf('gcp:pubsub/topic:Topic');
  const subscriptions = inputsOf('gcp:pubsub/subscription:Subscription');
  const grants = made
    .filter(({ type }) =>
      /^gcp:pubsub\/(topic|subscription)IAMMember:/.test(type),
    )
    .map(({ inputs }) => inputs);
  const project = /gcp:project: (.+)/.exec(settingsOf(stack))?.[1];

  test(`${stack}: every worker has its subscription, with every option`, () => {
    for (const declaration of servedSubscriptions) {
      const resolved = resolveSubscription(declaration);
      const inputs = subscriptions.get(declaration.subscription);
      assert.ok(inputs, declaration.subscription);
      assert.match(
        String(inputs.topic),
        new RegExp(
          `^projects/[^/]+/topics/${declaration.topic.replaceAll('.', '[.]')}$`,
        ),
      );
      for (const option of [
        'ackDeadlineSeconds',
        'enableMessageOrdering',
        'enableExactlyOnceDelivery',
        'filter',
        'messageRetentionDuration',
        'expirationPolicy',
        'retryPolicy',
      ] as const)
        assert.deepEqual(inputs[option], resolved[option], option);
      assert.deepEqual(inputs.deadLetterPolicy, {
        deadLetterTopic: `projects/${project}/topics/${resolved.deadLetterPolicy.deadLetterTopic}`,
        maxDeliveryAttempts: resolved.deadLetterPolicy.maxDeliveryAttempts,
      });
    }
  });

  test(`${stack}: every dead-letter policy has its topic, a subscription there, and both grants`, () => {
    const kept = new Set([...subscriptions.values()].map(({ topic }) => topic));
    for (const [subscription, { deadLetterPolicy }] of subscriptions) {
      if (deadLetterPolicy === undefined) {
        assert.ok(
          deadLetterSubscriptions().some(
            (desk) => desk.subscription === subscription,
          ),
          subscription,
        );
        continue;
      }
      const { deadLetterTopic } = deadLetterPolicy as {
        deadLetterTopic: string;
      };
      const topic = deadLetterTopic.split('/').at(-1)!;
      assert.ok(topics.has(topic), topic);
      assert.ok(kept.has(deadLetterTopic), deadLetterTopic);
      const agent = /^serviceAccount:service-\d+@gcp-sa-pubsub\./;
      for (const [resource, role] of [
        [{ topic }, 'roles/pubsub.publisher'],
        [{ subscription }, 'roles/pubsub.subscriber'],
      ] as const)
        assert.ok(
          grants.some(
            (grant) =>
              Object.entries(resource).every(
                ([key, value]) => grant[key] === value,
              ) &&
              grant.role === role &&
              agent.test(String(grant.member)),
          ),
          `${role} for ${subscription}`,
        );
    }
  });

  test(`${stack}: each process has an account with rights on its own things alone, and an alert`, () => {
    assert.deepEqual(
      made
        .filter(({ type }) =>
          /:(projects|organizations|folder)\/iam/i.test(type),
        )
        .map(({ name }) => name),
      [],
    );
    for (const { name, subscriptions: pulled } of processes) {
      assert.ok(inputsOf('gcp:serviceaccount/account:Account').has(name));
      assert.ok(
        inputsOf('gcp:monitoring/alertPolicy:AlertPolicy').has(
          `no-heartbeat-${name}`,
        ),
      );
      assert.ok(
        inputsOf('kubernetes:apps/v1:Deployment').has(`deployment/${name}`),
      );
      assert.deepEqual(
        grants
          .filter(
            ({ member, subscription }) =>
              String(member).startsWith(`serviceAccount:nightshift-${name}@`) &&
              subscription !== undefined,
          )
          .map(({ subscription }) => subscription)
          .sort(),
        [...pulled].sort(),
      );
    }
    assert.deepEqual(
      [
        ...inputsOf('kubernetes:autoscaling/v2:HorizontalPodAutoscaler').keys(),
      ].sort(),
      processes
        .filter(({ scaledBy }) => scaledBy !== 'none')
        .map(({ name }) => `horizontalpodautoscaler/${name}`)
        .sort(),
    );
  });

  test(`${stack}: resources stand in components, and no secret in the stack's file`, () => {
    assert.deepEqual(
      made
        .filter(({ type }) => type.startsWith('nightshift:infra:'))
        .map(({ name }) => name)
        .sort(),
      ['access', 'messaging', 'monitoring', 'platform', 'workloads'],
    );
    for (const secret of processes.flatMap(({ secrets }) => secrets))
      assert.ok(!settingsOf(stack).includes(secret), secret);
  });
}
