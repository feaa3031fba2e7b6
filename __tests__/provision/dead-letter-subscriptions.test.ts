import {
  deadLetterSubscriptions,
  resolveSubscription,
} from '../../.infra/common.ts';
import { declaredSettings } from '../../src/provision/settings.ts';

test('every dead-letter topic has a subscription of its own, which keeps what it cannot hand over', () => {
  const subscriptions = deadLetterSubscriptions([
    { topic: 'a', subscription: 'one' },
    {
      topic: 'a',
      subscription: 'two',
      args: { deadLetterPolicy: { deadLetterTopic: 'a.dead' } },
    },
    {
      topic: 'b',
      subscription: 'three',
      args: { deadLetterPolicy: { deadLetterTopic: 'a.dead' } },
    },
  ]);
  expect(
    subscriptions.map(({ topic, subscription }) => [topic, subscription]),
  ).toEqual([
    ['api.dead-letters', 'api.dead-letters-desk'],
    ['a.dead', 'a.dead-desk'],
  ]);
  for (const subscription of subscriptions)
    expect(
      declaredSettings(resolveSubscription(subscription)).deadLetterPolicy,
    ).toBeUndefined();
});
