import type { PubSub } from '@google-cloud/pubsub';

import { createPublisherClient } from '../../src/host/clients.ts';
import { applyProvision, ProvisionError } from '../../src/provision/apply.ts';
import { planFor, provision, readBroker } from '../../src/provision/broker.ts';
import { CredentialsError } from '../../src/provision/credentials.ts';
import { declaredResources } from '../../src/provision/declared.ts';
import { requestMetadata } from '../../src/provision/messages.ts';
import {
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';

let server: PubSubServer;
let pubsub: PubSub;

beforeEach(async () => {
  server = await startPubSub();
  pubsub = createPublisherClient({
    projectId: 'test',
    emulatorHost: server.address,
  });
});

afterEach(async () => {
  await pubsub.close();
  await server.stop();
});

const options = { createForeignTopics: true };

describe('provision', () => {
  it('makes an empty broker as declared, to the last setting', async () => {
    const { made, impossible } = await provision(pubsub, options);
    expect(made.length).toBeGreaterThan(0);
    expect(impossible).toEqual([]);
    const live = await readBroker(pubsub);
    for (const { name, settings } of declaredResources().subscriptions)
      expect(live.subscriptions.get(name)).toEqual(settings);
    expect(await planFor(pubsub, options)).toEqual([]);
  });

  it('is safe when two processes provision at once', async () => {
    await Promise.all([provision(pubsub, options), provision(pubsub, options)]);
    expect(await planFor(pubsub, options)).toEqual([]);
  });

  it('mends changed settings in place and keeps the backlog', async () => {
    await provision(pubsub, options);
    const subscription = pubsub.subscription('post-upvoted-rep');
    await subscription.setMetadata({
      ackDeadlineSeconds: 11,
      deadLetterPolicy: null,
      expirationPolicy: { ttl: { seconds: 86_400 } },
      retryPolicy: null,
    });
    await pubsub.topic('post-upvoted').publishMessage({ json: {} });
    const { made } = await provision(pubsub, options);
    expect(made).toMatchObject([
      { kind: 'update-subscription', subscription: 'post-upvoted-rep' },
    ]);
    expect(await planFor(pubsub, options)).toEqual([]);
    expect(
      server
        .statistics()
        .subscriptions.find(({ name }) => name.endsWith('/post-upvoted-rep')),
    ).toMatchObject({ backlog: 1 });
  });

  it('asks for the fields that differ and no others', async () => {
    await provision(pubsub, options);
    const subscription = pubsub.subscription('post-upvoted-rep');
    await subscription.setMetadata({ ackDeadlineSeconds: 11 });
    const changes = await planFor(pubsub, options);
    // Somebody changes another field between the plan and its application.
    await subscription.setMetadata({ retainAckedMessages: true });
    await applyProvision(pubsub, changes);
    const live = await readBroker(pubsub);
    expect(live.subscriptions.get('post-upvoted-rep')).toMatchObject({
      ackDeadlineSeconds: 60,
      retainAckedMessages: true,
    });
  });

  it('asks for pulling where the broker pushes', () => {
    expect(requestMetadata('test', { pushEndpoint: '' })).toEqual({
      pushConfig: {},
    });
  });

  it('prunes what carries its label and is declared no more, and nothing of others', async () => {
    await provision(pubsub, options);
    const labels = { application: 'nightshift' };
    await pubsub.createTopic({ name: 'renamed', labels });
    await pubsub.createSubscription('renamed', 'renamed-rep', { labels });
    await pubsub.createSubscription('post-upvoted', 'of-another-team');
    await pubsub.createTopic('another-team');
    expect(await planFor(pubsub, options)).toEqual([]);
    const { made } = await provision(pubsub, { ...options, prune: true });
    expect(made.map(({ kind }) => kind)).toEqual([
      'delete-subscription',
      'delete-topic',
    ]);
    const live = await readBroker(pubsub);
    expect(live.topics.has('renamed')).toBe(false);
    expect(live.topics.has('another-team')).toBe(true);
    expect(live.subscriptions.has('renamed-rep')).toBe(false);
    expect(live.subscriptions.has('of-another-team')).toBe(true);
  });

  it('takes what another process has pruned first for done', async () => {
    await applyProvision(pubsub, [
      { kind: 'delete-subscription', subscription: 'gone', topic: 'gone-too' },
      { kind: 'delete-topic', topic: 'gone-too', stranded: [] },
    ]);
  });

  it('reports what only deletion would mend, and deletes nothing', async () => {
    await pubsub.createTopic('api.changes');
    await pubsub.createSubscription('api.changes', 'api-cdc');
    const { impossible } = await provision(pubsub, options);
    expect(impossible).toMatchObject([
      { kind: 'fixed-difference', subscription: 'api-cdc' },
    ]);
    const [exists] = await pubsub.subscription('api-cdc').exists();
    expect(exists).toBe(true);
  });

  it('leaves out the subscriptions of a foreign topic that is missing', async () => {
    const { made, impossible } = await provision(pubsub);
    expect(impossible).toEqual([
      {
        kind: 'missing-foreign-topic',
        topic: 'gondul.v1.candidate-opportunity-match',
      },
    ]);
    expect(made).not.toContainEqual(
      expect.objectContaining({
        subscription: 'api.store-candidate-opportunity-match',
      }),
    );
  });

  it("does not touch a subscription of our name that receives from somebody else's topic", async () => {
    await pubsub.createTopic('of-others');
    await pubsub.createSubscription('of-others', 'post-upvoted-rep', {
      ackDeadlineSeconds: 30,
    });
    const { impossible } = await provision(pubsub, options);
    expect(impossible).toMatchObject([
      { kind: 'fixed-difference', subscription: 'post-upvoted-rep' },
    ]);
    const live = await readBroker(pubsub);
    expect(live.subscriptions.get('post-upvoted-rep')).toMatchObject({
      ackDeadlineSeconds: 30,
      labels: {},
      deadLetterPolicy: undefined,
    });
  });

  it('mends a topic that keeps messages, and keeps the labels of others', async () => {
    await provision(pubsub, options);
    await pubsub.topic('post-upvoted').setMetadata({
      labels: { team: 'feed' },
      messageRetentionDuration: { seconds: 86_400 },
    });
    const { made } = await provision(pubsub, options);
    expect(made).toMatchObject([
      { kind: 'update-topic', topic: 'post-upvoted' },
    ]);
    expect((await readBroker(pubsub)).topics.get('post-upvoted')).toEqual({
      labels: { team: 'feed', application: 'nightshift' },
      messageRetentionSeconds: undefined,
      schema: '',
    });
  });

  it('finds nothing missing where a subscription receives from the project of another system', async () => {
    const topic = 'gondul.v1.candidate-opportunity-match';
    const theirs = createPublisherClient({
      projectId: 'other',
      emulatorHost: server.address,
    });
    try {
      await theirs.createTopic(topic);
    } finally {
      await theirs.close();
    }
    await pubsub.createSubscription(
      pubsub.topic(`projects/other/topics/${topic}`),
      'api.store-candidate-opportunity-match',
    );
    const { impossible } = await provision(pubsub);
    expect(impossible).toEqual([]);
    expect(await planFor(pubsub)).toEqual([]);
  });

  it('makes the other changes when the broker refuses one', async () => {
    const refused = applyProvision(pubsub, [
      { kind: 'create-topic', topic: 'goog-x' },
      { kind: 'create-topic', topic: 'allowed' },
      { kind: 'create-topic', topic: 'goog-y' },
    ]);
    await expect(refused).rejects.toMatchObject({
      name: 'ProvisionError',
      change: { topic: 'goog-x' },
      others: 1,
    });
    expect((await readBroker(pubsub)).topics.has('allowed')).toBe(true);
  });

  it('says which change the broker refused', async () => {
    await expect(
      applyProvision(pubsub, [{ kind: 'create-topic', topic: 'goog-x' }]),
    ).rejects.toThrow(ProvisionError);
  });
});

describe('readBroker', () => {
  it('says what is missing where there are neither credentials nor a local server', async () => {
    process.env.GOOGLE_APPLICATION_CREDENTIALS = '/no/such/file.json';
    const google = createPublisherClient({ projectId: 'test' });
    try {
      const refused = readBroker(google);
      await expect(refused).rejects.toThrow(CredentialsError);
      await expect(refused).rejects.toThrow(/PUBSUB_EMULATOR_HOST/);
    } finally {
      delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
      await google.close();
    }
  });

  it('says in few words that the broker is away', async () => {
    await server.stop();
    await expect(readBroker(pubsub, 100)).rejects.toMatchObject({
      name: 'BrokerUnreadableError',
      projectId: 'test',
    });
  });
});
