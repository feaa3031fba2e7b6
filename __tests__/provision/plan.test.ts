import { declaredResources } from '../../src/provision/declared.ts';
import { describeChange } from '../../src/provision/describe.ts';
import { type LiveResources, planProvision } from '../../src/provision/plan.ts';
import type { SubscriptionSettings } from '../../src/provision/settings.ts';

const settings: SubscriptionSettings = {
  ackDeadlineSeconds: 60,
  deadLetterPolicy: { topic: 'dead', maxDeliveryAttempts: 20 },
  enableExactlyOnceDelivery: false,
  enableMessageOrdering: false,
  expirationSeconds: undefined,
  filter: '',
  messageRetentionSeconds: 604_800,
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
  topics: new Set(['mine', 'theirs', 'of nobody here']),
  subscriptions: new Map(
    subscription && [['worker', { ...settings, ...subscription }]],
  ),
});
const nothing: LiveResources = { topics: new Set(), subscriptions: new Map() };

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

  it.each([
    ['filter', { filter: 'attributes.a = "b"' }],
    ['enableMessageOrdering', { enableMessageOrdering: true }],
    ['topic', { topic: '_deleted-topic_' }],
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
