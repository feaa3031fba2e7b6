import { isDeepStrictEqual } from 'node:util';

import type { DeclaredResources } from './declared.ts';
import { fixedSettings, type SubscriptionSettings } from './settings.ts';

type Setting = keyof SubscriptionSettings;

/** What a broker has. Names are bare. */
export interface LiveResources {
  readonly topics: ReadonlySet<string>;
  readonly subscriptions: ReadonlyMap<string, SubscriptionSettings>;
}

/** A setting that is not as declared. */
export interface Difference {
  readonly setting: Setting;
  readonly declared: unknown;
  readonly live: unknown;
}

/** One step from what a broker has to what is declared. */
export type Change =
  | { readonly kind: 'create-topic'; readonly topic: string }
  | {
      readonly kind: 'create-subscription';
      readonly subscription: string;
      readonly settings: SubscriptionSettings;
    }
  | {
      readonly kind: 'update-subscription';
      readonly subscription: string;
      /** Only the settings that change. */
      readonly settings: Partial<SubscriptionSettings>;
      readonly differences: readonly Difference[];
    }
  /** Fixed at creation, so only deleting the subscription, with its backlog, would mend it. */
  | {
      readonly kind: 'fixed-difference';
      readonly subscription: string;
      readonly differences: readonly Difference[];
    }
  /** A topic of another system, which has to create it. */
  | { readonly kind: 'missing-foreign-topic'; readonly topic: string };

export interface PlanOptions {
  /** Create topics of other systems too, as on a broker that only this system uses. @default false */
  readonly createForeignTopics?: boolean;
}

const isFixed = (setting: Setting): boolean =>
  (fixedSettings as readonly Setting[]).includes(setting);

const subscriptionChanges = (
  subscription: string,
  declared: SubscriptionSettings,
  live: SubscriptionSettings | undefined,
): Change[] => {
  if (live === undefined)
    return [{ kind: 'create-subscription', subscription, settings: declared }];
  const differences = (Object.keys(declared) as Setting[])
    .filter((setting) => !isDeepStrictEqual(declared[setting], live[setting]))
    .map((setting) => ({
      setting,
      declared: declared[setting],
      live: live[setting],
    }));
  const fixed = differences.filter(({ setting }) => isFixed(setting));
  const mutable = differences.filter(({ setting }) => !isFixed(setting));
  const changes: Change[] = [];
  if (mutable.length > 0)
    changes.push({
      kind: 'update-subscription',
      subscription,
      settings: Object.fromEntries(
        mutable.map(({ setting }) => [setting, declared[setting]]),
      ),
      differences: mutable,
    });
  if (fixed.length > 0)
    changes.push({
      kind: 'fixed-difference',
      subscription,
      differences: fixed,
    });
  return changes;
};

/**
 * The steps that make a broker as declared, topics first. Nothing is ever deleted: what a broker
 * has beyond the declarations may belong to others.
 */
export const planProvision = (
  declared: DeclaredResources,
  live: LiveResources,
  { createForeignTopics = false }: PlanOptions = {},
): Change[] => [
  ...declared.topics
    .filter(({ name }) => !live.topics.has(name))
    .map(({ name, foreign }): Change =>
      foreign && !createForeignTopics
        ? { kind: 'missing-foreign-topic', topic: name }
        : { kind: 'create-topic', topic: name },
    ),
  ...declared.subscriptions.flatMap(({ name, settings }) =>
    subscriptionChanges(name, settings, live.subscriptions.get(name)),
  ),
];

/** Whether `applyProvision` can make the change. */
export const isApplicable = ({ kind }: Change): boolean =>
  kind !== 'fixed-difference' && kind !== 'missing-foreign-topic';
