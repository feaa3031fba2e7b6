import { readFile } from 'node:fs/promises';

import {
  deadLetterSubscriptions,
  resolveSubscription,
  servedSubscriptions,
  type SubscriptionDeclaration,
} from '../../.infra/common.ts';
import { describeStack } from '../../.infra/plan/describe.ts';
import { plannedTopics } from '../../.infra/plan/topics.ts';
import { processes } from '../../.infra/plan/processes.ts';
import type { Resource } from '../../.infra/plan/resource.ts';
import { declaredResources } from '../../src/provision/declared.ts';
import {
  personalizedDigestWorkers,
  typedWorkers,
  workers,
} from '../../src/workers/index.ts';
import { settings } from './settings.ts';

const topics = plannedTopics();
const plan = describeStack(settings, topics);

const of = (type: string, resources: readonly Resource[] = plan) =>
  resources.filter((resource) => resource.type === type);

const agent =
  'serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com';

describe('the plan of a stack', () => {
  test.each(servedSubscriptions)(
    '$subscription has its options, its dead-letter topic and both grants',
    (declaration) => {
      const resolved = resolveSubscription(declaration);
      const { deadLetterTopic } = resolved.deadLetterPolicy;
      expect(
        of('gcp.pubsub.Subscription').find(
          ({ name }) => name === declaration.subscription,
        )?.args,
      ).toMatchObject({
        ackDeadlineSeconds: resolved.ackDeadlineSeconds,
        enableMessageOrdering: resolved.enableMessageOrdering,
        enableExactlyOnceDelivery: resolved.enableExactlyOnceDelivery,
        filter: resolved.filter,
        messageRetentionDuration: resolved.messageRetentionDuration,
        expirationPolicy: { ttl: '' },
        retryPolicy: resolved.retryPolicy,
        deadLetterPolicy: {
          deadLetterTopic: `projects/example/topics/${deadLetterTopic}`,
          maxDeliveryAttempts: resolved.deadLetterPolicy.maxDeliveryAttempts,
        },
      });
      expect(
        of('gcp.pubsub.Topic').some(({ name }) => name === deadLetterTopic),
      ).toBe(true);
      expect(plan.map(({ args }) => args)).toEqual(
        expect.arrayContaining([
          {
            topic: deadLetterTopic,
            role: 'roles/pubsub.publisher',
            member: agent,
          },
          {
            subscription: declaration.subscription,
            role: 'roles/pubsub.subscriber',
            member: agent,
          },
        ]),
      );
    },
  );

  test('has exactly the subscriptions that nightshift provision makes', () => {
    expect(
      of('gcp.pubsub.Subscription')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(declaredResources().subscriptions.map(({ name }) => name));
  });

  test.each(
    Object.keys({ ...typedWorkers, ...workers, ...personalizedDigestWorkers }),
  )('the worker of %s has its subscription', (subscription) => {
    expect(of('gcp.pubsub.Subscription').map(({ name }) => name)).toContain(
      subscription,
    );
  });

  test.each(servedSubscriptions)(
    'messages of $subscription come in order, and once, as declared',
    ({ subscription, args = {} }: SubscriptionDeclaration) => {
      expect(
        of('gcp.pubsub.Subscription').find(({ name }) => name === subscription)
          ?.args,
      ).toMatchObject({
        enableMessageOrdering: args.enableMessageOrdering ?? false,
        enableExactlyOnceDelivery: args.enableExactlyOnceDelivery ?? false,
      });
    },
  );

  test('every number that is alerted on is one that a process tells', async () => {
    const told = await readFile('docs/telemetry.md', 'utf8');
    const asked = of('gcp.monitoring.AlertPolicy').flatMap(({ args }) =>
      [
        ...JSON.stringify(args.conditions).matchAll(
          /\b((?:nightshift|queue|job)_[a-z_]+)\b/g,
        ),
      ].map(([, name]) => name!.replace(/_count$/, '')),
    );
    expect(asked.length).toBeGreaterThan(8);
    for (const name of asked) expect(told).toContain(`\`${name}\``);
  });

  test('the dashboard shows what is alerted on', () => {
    const [dashboard] = of('gcp.monitoring.Dashboard');
    const { mosaicLayout } = JSON.parse(
      dashboard!.args.dashboardJson as string,
    ) as { mosaicLayout: { tiles: unknown[] } };
    expect(mosaicLayout.tiles).toHaveLength(
      of('gcp.monitoring.AlertPolicy').length,
    );
  });

  test.each(declaredResources().subscriptions)(
    '$name is what nightshift provision makes, setting for setting',
    ({ name, settings: provisioned }) => {
      const args = of('gcp.pubsub.Subscription').find(
        (made) => made.name === name,
      )?.args;
      expect(args).toMatchObject({
        topic: expect.stringMatching(
          new RegExp(`/topics/${provisioned.topic.replaceAll('.', '[.]')}$`),
        ) as unknown,
        ackDeadlineSeconds: provisioned.ackDeadlineSeconds,
        enableMessageOrdering: provisioned.enableMessageOrdering,
        enableExactlyOnceDelivery: provisioned.enableExactlyOnceDelivery,
        filter: provisioned.filter,
        messageRetentionDuration: `${provisioned.messageRetentionSeconds}s`,
        expirationPolicy: {
          ttl:
            provisioned.expirationSeconds === undefined
              ? ''
              : `${provisioned.expirationSeconds}s`,
        },
        retryPolicy: {
          minimumBackoff: `${provisioned.retryPolicy?.minimumSeconds}s`,
          maximumBackoff: `${provisioned.retryPolicy?.maximumSeconds}s`,
        },
        labels: provisioned.labels,
      });
      expect(args?.deadLetterPolicy).toEqual(
        provisioned.deadLetterPolicy && {
          deadLetterTopic: `projects/example/topics/${provisioned.deadLetterPolicy.topic}`,
          maxDeliveryAttempts: provisioned.deadLetterPolicy.maxDeliveryAttempts,
        },
      );
    },
  );

  test('every dead-letter topic keeps what falls there in a subscription', () => {
    for (const { subscription } of deadLetterSubscriptions())
      expect(of('gcp.pubsub.Subscription').map(({ name }) => name)).toContain(
        subscription,
      );
  });

  test('looks topics of others up in their project and creates none', () => {
    for (const { name } of topics.filter(
      ({ origin }) => origin === 'foreign',
    )) {
      expect(of('lookup').find((found) => found.name === name)?.args).toEqual({
        name,
        project: 'other',
      });
      expect(of('gcp.pubsub.Topic').map((made) => made.name)).not.toContain(
        name,
      );
    }
  });

  test('without the switch only dead-letter topics are created', () => {
    const closed = describeStack({ ...settings, createTopics: false }, topics);
    expect(of('gcp.pubsub.Topic', closed).map(({ name }) => name)).toEqual([
      'api.dead-letters',
    ]);
  });

  test('grants no right on the whole project', () => {
    expect(
      plan.filter(({ type }) =>
        /projects\.IAM|organizations|folder/.test(type),
      ),
    ).toEqual([]);
  });

  test('every subscription is pulled by exactly one process', () => {
    const pulled = processes.flatMap(({ subscriptions }) => subscriptions);
    expect([...pulled].sort()).toEqual(
      declaredResources().subscriptions.map(({ name }) => name),
    );
  });

  test('every process has an account of its own and an alert', () => {
    for (const { name } of processes) {
      expect(
        of('gcp.serviceaccount.Account').map((account) => account.name),
      ).toContain(name);
      expect(
        of('gcp.monitoring.AlertPolicy').map((alert) => alert.name),
      ).toContain(`no-heartbeat-${name}`);
    }
  });

  test('names no two resources of a type alike', () => {
    const names = plan.map(({ type, name }) => `${type} ${name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
