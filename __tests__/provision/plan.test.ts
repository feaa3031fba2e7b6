import { declaredResources } from '../../src/provision/declared.ts';
import {
  describeChange,
  describeInFull,
} from '../../src/provision/describe.ts';
import { type LiveResources, planProvision } from '../../src/provision/plan.ts';
import {
  declaredTopicSettings,
  type SubscriptionSettings,
} from '../../src/provision/settings.ts';

const settings: SubscriptionSettings = {
  ackDeadlineSeconds: 60,
  deadLetterPolicy: { topic: 'dead', maxDeliveryAttempts: 20 },
  detached: false,
  enableExactlyOnceDelivery: false,
  enableMessageOrdering: false,
  expirationSeconds: undefined,
  filter: '',
  labels: { application: 'nightshift' },
  messageRetentionSeconds: 604_800,
  pushEndpoint: '',
  retainAckedMessages: false,
  retryPolicy: { minimumSeconds: 1, maximumSeconds: 600 },
  topic: 'mine',
};
const declared = {
  topics: [
    { name: 'mine', foreign: false },
    { name: 'theirs', foreign: true },
  ],
  subscriptions: [{ name: 'worker', settings }],
};
const live = (subscription?: Partial<SubscriptionSettings>): LiveResources => ({
  topics: new Map([
    ['mine', declaredTopicSettings],
    ['theirs', { ...declaredTopicSettings, labels: {} }],
    ['of nobody here', { ...declaredTopicSettings, labels: {} }],
  ]),
  subscriptions: new Map(
    subscription && [['worker', { ...settings, ...subscription }]],
  ),
});
const nothing: LiveResources = { topics: new Map(), subscriptions: new Map() };

describe('planProvision', () => {
  it('creates what is missing, topics first, and leaves topics of others to them', () => {
    expect(planProvision(declared, nothing)).toEqual([
      { kind: 'create-topic', topic: 'mine' },
      { kind: 'missing-foreign-topic', topic: 'theirs' },
      { kind: 'create-subscription', subscription: 'worker', settings },
    ]);
  });

  it('creates topics of others where it is told to', () => {
    expect(
      planProvision(declared, nothing, { createForeignTopics: true })[1],
    ).toEqual({ kind: 'create-topic', topic: 'theirs' });
  });

  it('plans nothing for a broker that is as declared, whatever else it has', () => {
    expect(planProvision(declared, live({}))).toEqual([]);
  });

  it('updates only the settings that differ, a removed one too', () => {
    const [change, ...others] = planProvision(
      declared,
      live({ retryPolicy: undefined, ackDeadlineSeconds: 10 }),
    );
    expect(others).toEqual([]);
    expect(change).toMatchObject({
      kind: 'update-subscription',
      settings: {
        ackDeadlineSeconds: 60,
        retryPolicy: settings.retryPolicy,
      },
    });
    expect(describeChange(change!)).toContain('ackDeadlineSeconds 10 → 60');
  });

  it('says field by field what differs', () => {
    const [change] = planProvision(
      declared,
      live({
        retryPolicy: { minimumSeconds: 10, maximumSeconds: 600 },
        deadLetterPolicy: undefined,
        pushEndpoint: 'https://example.com/push',
      }),
    );
    expect(describeInFull(change!).split('\n')).toEqual([
      'update subscription worker',
      '  deadLetterPolicy none → {"topic":"dead","maxDeliveryAttempts":20}',
      '  pushEndpoint "https://example.com/push" → ""',
      '  retryPolicy.minimumSeconds 10 → 1',
    ]);
  });

  it('adds its label and keeps the labels of others', () => {
    const found = live({ labels: { team: 'feed' } });
    const changes = planProvision(declared, {
      ...found,
      topics: new Map([
        ...found.topics,
        ['mine', { ...declaredTopicSettings, labels: { team: 'feed' } }],
      ]),
    });
    const labels = { team: 'feed', application: 'nightshift' };
    expect(changes).toMatchObject([
      { kind: 'update-topic', topic: 'mine', settings: { labels } },
      { kind: 'update-subscription', settings: { labels } },
    ]);
  });

  it('deletes with prune alone, and only what carries its label', () => {
    const found = live({});
    const left: LiveResources = {
      topics: new Map([...found.topics, ['old', declaredTopicSettings]]),
      subscriptions: new Map([
        ...found.subscriptions,
        ['renamed', { ...settings, topic: 'old' }],
        ['of others', { ...settings, labels: {} }],
      ]),
    };
    expect(planProvision(declared, left)).toEqual([]);
    expect(planProvision(declared, left, { prune: true })).toEqual([
      { kind: 'delete-subscription', subscription: 'renamed', topic: 'old' },
      { kind: 'delete-topic', topic: 'old', stranded: [] },
    ]);
  });

  it('names subscriptions of others that lose their topic with prune', () => {
    const [change] = planProvision(
      declared,
      {
        topics: new Map([...live({}).topics, ['old', declaredTopicSettings]]),
        subscriptions: new Map([
          ...live({}).subscriptions,
          ['of others', { ...settings, topic: 'old', labels: {} }],
        ]),
      },
      { prune: true },
    );
    expect(describeChange(change!)).toBe(
      'delete topic old, which is not declared, though others receive from it: of others',
    );
  });

  it('mends what refuses or keeps messages of a topic, and leaves topics of others as they are', () => {
    const given = {
      ...declaredTopicSettings,
      messageRetentionSeconds: 86_400,
      schema: 'projects/test/schemas/strict',
    };
    const changes = planProvision(declared, {
      ...live({}),
      topics: new Map([
        ['mine', given],
        ['theirs', given],
      ]),
    });
    expect(changes).toMatchObject([
      {
        kind: 'update-topic',
        topic: 'mine',
        settings: { messageRetentionSeconds: undefined, schema: '' },
      },
    ]);
    expect(describeInFull(changes[0]!).split('\n')).toEqual([
      'update topic mine',
      '  messageRetentionSeconds 86400 → none',
      '  schema "projects/test/schemas/strict" → ""',
    ]);
  });

  it("leaves a subscription of our name on somebody else's topic as it is, and says so", () => {
    expect(
      planProvision(declared, live({ topic: 'another', labels: {} })),
    ).toMatchObject([{ kind: 'fixed-difference', subscription: 'worker' }]);
  });

  it("takes a topic of another project that has our topic's name for another topic", () => {
    const other = 'projects/other/topics/mine';
    const [change] = planProvision(declared, live({ topic: other }));
    expect(describeChange(change!)).toContain(`topic "${other}" → "mine"`);
  });

  it('finds the topic of another system in the project of that system', () => {
    const onTheirs = { ...settings, topic: 'theirs' };
    const found = {
      topics: new Map([['mine', declaredTopicSettings]]),
      subscriptions: new Map([
        ['worker', { ...settings, topic: 'projects/other/topics/theirs' }],
      ]),
    };
    expect(
      planProvision(
        {
          ...declared,
          subscriptions: [{ name: 'worker', settings: onTheirs }],
        },
        found,
      ),
    ).toEqual([]);
    expect(planProvision(declared, found)).toMatchObject([
      { kind: 'missing-foreign-topic', topic: 'theirs' },
      { kind: 'fixed-difference', subscription: 'worker' },
    ]);
  });

  it.each([
    ['filter', { filter: 'attributes.a = "b"' }],
    ['enableMessageOrdering', { enableMessageOrdering: true }],
    ['topic', { topic: '_deleted-topic_' }],
    ['detached', { detached: true }],
  ])('reports a different %s, which is fixed at creation', (name, given) => {
    const changes = planProvision(declared, live(given));
    expect(changes).toMatchObject([
      { kind: 'fixed-difference', differences: [{ setting: name }] },
    ]);
    expect(describeChange(changes[0]!)).toContain(name);
  });
});

describe('declaredResources', () => {
  it('gives every subscription a topic, and a dead-letter topic that is kept', () => {
    const { topics, subscriptions } = declaredResources();
    const names = new Set(topics.map(({ name }) => name));
    const kept = new Set(subscriptions.map((one) => one.settings.topic));
    for (const subscription of subscriptions) {
      expect(names).toContain(subscription.settings.topic);
      const { deadLetterPolicy } = subscription.settings;
      if (subscription.name === 'api.dead-letters-desk')
        expect(deadLetterPolicy).toBeUndefined();
      else expect(kept).toContain(deadLetterPolicy?.topic);
    }
  });

  it('knows whose topic the candidate matches are', () => {
    expect(
      declaredResources()
        .topics.filter(({ foreign }) => foreign)
        .map(({ name }) => name),
    ).toEqual(['gondul.v1.candidate-opportunity-match']);
  });
});
