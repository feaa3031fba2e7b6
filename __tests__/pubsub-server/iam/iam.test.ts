import { restCaller } from '../rest/set-up.ts';
import { startServer, stopAll } from '../set-up.ts';

afterEach(stopAll);

const member = 'serviceAccount:worker@test.iam.gserviceaccount.com';
const binding = { role: 'roles/pubsub.publisher', members: [member] };

it('keeps the policies that the Google client sets on topics and subscriptions, and grants everything', async () => {
  const { client } = await startServer();
  const [topic] = await client.createTopic('one');
  const [subscription] = await topic.createSubscription('sub');
  for (const resource of [topic, subscription]) {
    const [before] = await resource.iam.getPolicy();
    expect(before).toMatchObject({ bindings: [] });
    await resource.iam.setPolicy({ ...before, bindings: [binding] });
    const [after] = await resource.iam.getPolicy();
    expect(after.bindings).toMatchObject([binding]);
    expect(after.etag).not.toEqual(before.etag);
    const [permissions] = await resource.iam.testPermissions([
      'pubsub.topics.publish',
    ]);
    expect(permissions).toEqual({ 'pubsub.topics.publish': true });
  }
});

it('refuses a policy whose writer has not seen the latest one', async () => {
  const { client } = await startServer();
  const [topic] = await client.createTopic('one');
  const [seen] = await topic.iam.getPolicy();
  const write = () => topic.iam.setPolicy({ ...seen, bindings: [binding] });
  const outcomes = await Promise.allSettled([write(), write()]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual([
    'fulfilled',
    'rejected',
  ]);
  await expect(write()).rejects.toMatchObject({ code: 10 });
  await expect(topic.iam.setPolicy({ bindings: [] })).resolves.toBeDefined();
});

it('forgets the policy of what is deleted', async () => {
  const { client } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.iam.setPolicy({ bindings: [binding] });
  await topic.delete();
  await expect(topic.iam.getPolicy()).rejects.toMatchObject({
    code: 5,
    details: 'Resource not found (resource=one).',
  });
  await topic.create();
  expect((await topic.iam.getPolicy())[0].bindings).toEqual([]);
});

it('gives a binding once for each role and condition, and a member once', async () => {
  const { server } = await startServer();
  const call = restCaller(server);
  const topic = 'projects/test/topics/one';
  await call('PUT', topic, {});
  const condition = {
    expression: 'request.time < timestamp("2030-01-01T00:00:00Z")',
    title: 'soon',
  };
  const bindings = [
    binding,
    { ...binding, members: ['allUsers', member] },
    { role: 'roles/viewer', members: [] },
    { ...binding, condition },
  ];
  const set = (policy: object) =>
    call('POST', `${topic}:setIamPolicy`, { policy });
  expect((await set({ bindings })).status).toBe(400);
  expect((await set({ version: 3, bindings })).body.bindings).toEqual([
    { ...binding, members: [member, 'allUsers'] },
    { ...binding, condition },
  ]);
});

it('refuses roles, members and versions that are none, and resources that have no policy', async () => {
  const { server } = await startServer();
  const call = restCaller(server);
  const topic = 'projects/test/topics/one';
  await call('PUT', topic, {});
  for (const policy of [
    { bindings: [{ role: 'publisher', members: [member] }] },
    { bindings: [{ ...binding, members: ['worker'] }] },
    { version: 2 },
  ])
    expect(
      await call('POST', `${topic}:setIamPolicy`, { policy }),
    ).toMatchObject({ status: 400 });
  expect((await call('POST', `${topic}:setIamPolicy`, {})).status).toBe(400);
  for (const kind of ['topics', 'subscriptions', 'snapshots', 'schemas'])
    expect(
      (await call('GET', `projects/test/${kind}/none:getIamPolicy`)).status,
    ).toBe(404);
});

it('changes of a policy only what the mask names', async () => {
  const { server } = await startServer();
  const call = restCaller(server);
  const topic = 'projects/test/topics/one';
  await call('PUT', topic, {});
  const auditConfigs = [
    {
      service: 'pubsub.googleapis.com',
      auditLogConfigs: [{ logType: 'DATA_READ' }],
    },
  ];
  await call('POST', `${topic}:setIamPolicy`, {
    policy: { bindings: [binding], auditConfigs },
  });
  const { body } = await call('POST', `${topic}:setIamPolicy`, {
    policy: {},
    updateMask: 'bindings',
  });
  expect(body).not.toHaveProperty('bindings');
  expect(body.auditConfigs).toEqual(auditConfigs);
});
