import {
  deadLetterSubscriptions,
  resolveSubscription,
  servedSubscriptions,
} from '../../.infra/common.ts';
import { heartbeatTopic } from '../cdc/tables.ts';
import { topics } from '../common/typedPubsub.ts';
import { declaredSettings, type SubscriptionSettings } from './settings.ts';

/** What a broker has to have. */
export interface DeclaredResources {
  readonly topics: readonly {
    readonly name: string;
    /** Another system publishes to the topic and owns it. */
    readonly foreign: boolean;
  }[];
  readonly subscriptions: readonly {
    readonly name: string;
    readonly settings: SubscriptionSettings;
  }[];
}

/** Everything that .infra/common.ts and the table of topics declare, by name. */
export const declaredResources = (): DeclaredResources => {
  const resolved = [...servedSubscriptions, ...deadLetterSubscriptions()].map(
    resolveSubscription,
  );
  const foreign = new Set(
    Object.entries(topics)
      .filter(([, { identity }]) => identity === 'none')
      .map(([name]) => name),
  );
  const names = new Set([
    ...Object.keys(topics),
    // Debezium Server stops where it is missing; nobody has to subscribe.
    heartbeatTopic,
    ...resolved.map(({ topic }) => topic),
    ...resolved.map(({ deadLetterPolicy }) => deadLetterPolicy.deadLetterTopic),
  ]);
  return {
    topics: [...names]
      .sort()
      .map((name) => ({ name, foreign: foreign.has(name) })),
    subscriptions: resolved
      .map((declaration) => ({
        name: declaration.subscription,
        settings: declaredSettings(declaration),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
};
