import { isDeepStrictEqual } from 'node:util';

import { ownLabels } from '../../.infra/common.ts';
import type { Change, Difference } from './change.ts';
import type { DeclaredResources } from './declared.ts';
import { bareName } from './messages.ts';
import {
  declaredTopicSettings,
  fixedSettings,
  type Labels,
  type SubscriptionSettings,
  type TopicSettings,
} from './settings.ts';

/** What a broker has. Names are bare. */
export interface LiveResources {
  readonly topics: ReadonlyMap<string, TopicSettings>;
  readonly subscriptions: ReadonlyMap<string, SubscriptionSettings>;
}

export interface PlanOptions {
  /** Create topics of other systems too, as on a broker that only this system uses. @default false */
  readonly createForeignTopics?: boolean;
  /** Plan to delete what carries our label and is not declared. @default false */
  readonly prune?: boolean;
}

const isFixed = (setting: string): boolean =>
  (fixedSettings as readonly string[]).includes(setting);

const hasLabels = (live: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => live[key] === value);

const isSame = (declared: unknown, live: unknown, setting: string): boolean =>
  setting === 'labels'
    ? hasLabels(live as Labels, declared as Labels)
    : isDeepStrictEqual(declared, live);

/** What is not as declared, setting by setting. */
const differencesOf = <Settings extends object>(
  declared: Settings,
  live: Settings,
) =>
  (Object.keys(declared) as (keyof Settings & string)[])
    .filter((setting) => !isSame(declared[setting], live[setting], setting))
    .map((setting) => ({
      setting,
      declared: declared[setting],
      live: live[setting],
    }));

/** What an update has to ask for: the declared values, with the labels of others beside ours. */
const mendedBy = (
  differences: readonly Difference[],
  live: { readonly labels: Labels },
): Record<string, unknown> =>
  Object.fromEntries(
    differences.map(({ setting, declared }) => [
      setting,
      setting === 'labels'
        ? { ...live.labels, ...(declared as Labels) }
        : declared,
    ]),
  );

const subscriptionChanges = (
  subscription: string,
  declared: SubscriptionSettings,
  live: SubscriptionSettings | undefined,
): Change[] => {
  if (live === undefined)
    return [{ kind: 'create-subscription', subscription, settings: declared }];
  const differences = differencesOf(declared, live);
  const fixed = differences.filter(({ setting }) => isFixed(setting));
  const mutable = differences.filter(({ setting }) => !isFixed(setting));
  const changes: Change[] = [];
  // One of another topic may be anybody's that has our name.
  if (mutable.length > 0 && fixed.every(({ setting }) => setting !== 'topic'))
    changes.push({
      kind: 'update-subscription',
      subscription,
      settings: mendedBy(mutable, live),
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
  if (foreign) return [];
  const differences = differencesOf(declaredTopicSettings, found);
  return differences.length === 0
    ? []
    : [
        {
          kind: 'update-topic',
          topic: name,
          settings: mendedBy(differences, found),
          differences,
        },
      ];
};

/**
 * The broker with topics of other systems found where they are: a subscription of ours that receives from such a topic in
 * another project is as declared, and shows that the topic is there.
 */
const withForeignTopics = (
  declared: DeclaredResources,
  live: LiveResources,
): LiveResources => {
  const foreign = new Set(
    declared.topics.filter((one) => one.foreign).map(({ name }) => name),
  );
  const topics = new Map(live.topics);
  const subscriptions = new Map(live.subscriptions);
  for (const { name, settings } of declared.subscriptions) {
    const found = subscriptions.get(name);
    if (
      !found ||
      !foreign.has(settings.topic) ||
      bareName(found.topic) !== settings.topic
    )
      continue;
    subscriptions.set(name, { ...found, topic: settings.topic });
    topics.set(settings.topic, declaredTopicSettings);
  }
  return { topics, subscriptions };
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
      .map(([topic]): Change => ({
        kind: 'delete-topic',
        topic,
        stranded: [...live.subscriptions]
          .filter(
            ([, settings]) =>
              settings.topic === topic &&
              !hasLabels(settings.labels, ownLabels),
          )
          .map(([name]) => name),
      })),
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
): Change[] => {
  const found = withForeignTopics(declared, live);
  return [
    ...declared.topics.flatMap((topic) =>
      topicChanges(topic, found, createForeignTopics),
    ),
    ...declared.subscriptions.flatMap(({ name, settings }) =>
      subscriptionChanges(name, settings, found.subscriptions.get(name)),
    ),
    ...(prune ? deletions(declared, live) : []),
  ];
};
