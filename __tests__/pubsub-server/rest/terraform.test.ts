import { startServer, stopAll } from '../set-up.ts';
import { restCaller } from './set-up.ts';

afterEach(stopAll);

/** The requests of Terraform's and Pulumi's Google provider for one apply, one change and one destroy. */
it('takes a subscription with all its options, changes to it, grants, and the end of all, as an infrastructure tool sends them', async () => {
  const { server } = await startServer();
  const call = restCaller(server);
  const topic = 'projects/test/topics/orders';
  const dead = 'projects/test/topics/orders-dead';
  const subscription = 'projects/test/subscriptions/orders.worker';

  expect(await call('GET', topic)).toMatchObject({
    status: 404,
    body: { error: { code: 404, status: 'NOT_FOUND' } },
  });
  for (const name of [topic, dead])
    expect(
      await call('PUT', `${name}?alt=json`, {
        labels: { 'goog-terraform-provisioned': 'true' },
        messageRetentionDuration: '86400s',
        messageStoragePolicy: { allowedPersistenceRegions: ['europe-west1'] },
      }),
    ).toMatchObject({
      status: 200,
      body: { name, messageRetentionDuration: '86400s' },
    });
  expect(await call('PUT', topic, {})).toMatchObject({
    status: 409,
    body: { error: { status: 'ALREADY_EXISTS' } },
  });

  const wanted = {
    topic,
    labels: { worker: 'orders' },
    pushConfig: null,
    ackDeadlineSeconds: 30,
    messageRetentionDuration: '1200s',
    retainAckedMessages: true,
    expirationPolicy: {},
    filter: 'attributes.kind = "paid"',
    deadLetterPolicy: { deadLetterTopic: dead, maxDeliveryAttempts: 7 },
    retryPolicy: { minimumBackoff: '1s', maximumBackoff: '60.500s' },
    enableMessageOrdering: true,
    enableExactlyOnceDelivery: true,
  };
  const created = await call('PUT', subscription, wanted);
  expect(created).toEqual({
    status: 200,
    body: {
      ...wanted,
      name: subscription,
      pushConfig: {},
      state: 'ACTIVE',
    },
  });
  expect((await call('GET', subscription)).body).toEqual(created.body);

  const mask =
    'updateMask=ackDeadlineSeconds,deadLetterPolicy.max_delivery_attempts,retryPolicy';
  expect(
    await call('PATCH', `${subscription}?${mask}`, {
      subscription: {
        ackDeadlineSeconds: 40,
        deadLetterPolicy: { deadLetterTopic: dead, maxDeliveryAttempts: 9 },
      },
    }),
  ).toMatchObject({
    status: 200,
    body: {
      ackDeadlineSeconds: 40,
      deadLetterPolicy: { deadLetterTopic: dead, maxDeliveryAttempts: 9 },
    },
  });
  const changed = (await call('GET', subscription)).body;
  expect(changed).not.toHaveProperty('retryPolicy');
  expect(changed).toHaveProperty('labels', { worker: 'orders' });
  expect(
    (
      await call('PATCH', topic, {
        topic: { labels: {} },
        updateMask: 'labels',
      })
    ).body,
  ).not.toHaveProperty('labels');

  const member =
    'serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com';
  const { body: policy } = await call('GET', `${dead}:getIamPolicy`);
  const granted = await call('POST', `${dead}:setIamPolicy`, {
    policy: {
      ...policy,
      bindings: [{ role: 'roles/pubsub.publisher', members: [member] }],
    },
  });
  expect(granted.status).toBe(200);
  expect(
    (await call('GET', `${dead}:getIamPolicy?options.requestedPolicyVersion=3`))
      .body,
  ).toEqual(granted.body);

  for (const name of [subscription, topic, dead])
    expect(await call('DELETE', name)).toEqual({ status: 200, body: {} });
  for (const name of [subscription, topic, dead])
    expect((await call('GET', name)).status).toBe(404);
});
