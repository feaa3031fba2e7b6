import { isDeepStrictEqual } from 'node:util';

import { ownLabels } from '../../.infra/common.ts';
import type { DeclaredResources } from './declared.ts';
import {
  fixedSettings,
  type Labels,
  type SubscriptionSettings,
} from './settings.ts';

type Setting = keyof SubscriptionSettings;

/** What a broker has. Names are bare. */
export interface LiveResources {
  readonly topics: ReadonlyMap<string, { readonly labels: Labels }>;
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
      readonly kind: 'update-topic';
      readonly topic: string;
      /** All that it has afterwards. */
      readonly labels: Labels;
      readonly differences: readonly Difference[];
    }
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
  | { readonly kind: 'missing-foreign-topic'; readonly topic: string }
  /** It carries our label and is not declared, any more or not yet here. */
  | {
      readonly kind: 'delete-subscription';
      readonly subscription: string;
      readonly topic: string;
    }
  /** The same of a topic. */
  | { readonly kind: 'delete-topic'; readonly topic: string };

export interface PlanOptions {
  /** Create topics of other systems too, as on a broker that only this system uses. @default false */
  readonly createForeignTopics?: boolean;
  /** Plan to delete what carries our label and is not declared. @default false */
  readonly prune?: boolean;
}

const isFixed = (setting: Setting): boolean =>
  (fixedSettings as readonly Setting[]).includes(setting);

const hasLabels = (live: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => live[key] === value);

const isSame = (
  setting: Setting,
  declared: SubscriptionSettings,
  live: SubscriptionSettings,
): boolean =>
  setting === 'labels'
    ? hasLabels(live.labels, declared.labels)
    : isDeepStrictEqual(declared[setting], live[setting]);

const subscriptionChanges = (
  subscription: string,
  declared: SubscriptionSettings,
  live: SubscriptionSettings | undefined,
): Change[] => {
  if (live === undefined)
    return [{ kind: 'create-subscription', subscription, settings: declared }];
  const differences = (Object.keys(declared) as Setting[])
    .filter((setting) => !isSame(setting, declared, live))
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
        mutable.map(({ setting }) => [
          setting,
          setting === 'labels'
            ? { ...live.labels, ...declared.labels }
            : declared[setting],
        ]),
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

const topicChanges = (
  { name, foreign }: DeclaredResources['topics'][number],
  live: LiveResources,
  createForeignTopics: boolean,
): Change[] => {
  const found = live.topics.get(name);
  if (!found)
    return [
      foreign && !createForeignTopics
        ? { kind: 'missing-foreign-topic', topic: name }
        : { kind: 'create-topic', topic: name },
    ];
  if (foreign || hasLabels(found.labels, ownLabels)) return [];
  return [
    {
      kind: 'update-topic',
      topic: name,
      labels: { ...found.labels, ...ownLabels },
      differences: [
        { setting: 'labels', declared: ownLabels, live: found.labels },
      ],
    },
  ];
};

const deletions = (
  declared: DeclaredResources,
  live: LiveResources,
): Change[] => {
  const subscriptions = new Set(declared.subscriptions.map(({ name }) => name));
  const topics = new Set(declared.topics.map(({ name }) => name));
  return [
    ...[...live.subscriptions]
      .filter(
        ([name, { labels }]) =>
          !subscriptions.has(name) && hasLabels(labels, ownLabels),
      )
      .map(([subscription, { topic }]): Change => ({
        kind: 'delete-subscription',
        subscription,
        topic,
      })),
    ...[...live.topics]
      .filter(
        ([name, { labels }]) =>
          !topics.has(name) && hasLabels(labels, ownLabels),
      )
      .map(([topic]): Change => ({ kind: 'delete-topic', topic })),
  ];
};

/**
 * The steps that make a broker as declared, topics first. Nothing is deleted without `prune`, and then
 * only what carries our label: whatever else a broker has may belong to others.
 */
export const planProvision = (
  declared: DeclaredResources,
  live: LiveResources,
  { createForeignTopics = false, prune = false }: PlanOptions = {},
): Change[] => [
  ...declared.topics.flatMap((topic) =>
    topicChanges(topic, live, createForeignTopics),
  ),
  ...declared.subscriptions.flatMap(({ name, settings }) =>
    subscriptionChanges(name, settings, live.subscriptions.get(name)),
  ),
  ...(prune ? deletions(declared, live) : []),
];

/** Whether `applyProvision` can make the change. */
export const isApplicable = ({ kind }: Change): boolean =>
  kind !== 'fixed-difference' && kind !== 'missing-foreign-topic';

/** Whether the change deletes something. */
export const isDeletion = ({ kind }: Change): boolean =>
  kind === 'delete-subscription' || kind === 'delete-topic';
