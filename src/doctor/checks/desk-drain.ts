import {
  deadLetterSubscriptions,
  servedSubscriptions,
} from '../../../.infra/common.ts';
import { BrokerUnreadableError, readBroker } from '../../provision/broker.ts';
import { CredentialsError } from '../../provision/credentials.ts';
import type { LiveResources } from '../../provision/plan.ts';
import { type Check, type Finding, UnreachableError } from '../check.ts';
import { counted } from '../text.ts';

/** Dead-letter topics of our subscriptions, as the broker has them, with who leaves messages there. */
const usedTopics = (live: LiveResources): Map<string, string[]> => {
  const used = new Map<string, string[]>();
  for (const { subscription } of servedSubscriptions) {
    const topic = live.subscriptions.get(subscription)?.deadLetterPolicy?.topic;
    if (topic === undefined) continue;
    used.set(topic, [...(used.get(topic) ?? []), subscription]);
  }
  return used;
};

const findingOf = (
  live: LiveResources,
  topic: string,
  sources: readonly string[],
): Finding | undefined => {
  const drained = new Set(
    deadLetterSubscriptions().map(({ subscription }) => subscription),
  );
  const kept = [...live.subscriptions]
    .filter(([, settings]) => settings.topic === topic)
    .map(([name]) => name);
  if (kept.some((name) => drained.has(name))) return undefined;
  const from =
    sources.length === 1
      ? sources[0]
      : `${sources[0]} and ${counted(sources.length - 1, 'other subscription')}`;
  return kept.length === 0
    ? {
        level: 'broken',
        message: `What ${from} cannot handle goes to ${topic}, which has no subscription, and is lost there.`,
        remedy: 'nightshift provision',
      }
    : {
        level: 'warning',
        message: `What ${from} cannot handle goes to ${topic}, whose ${counted(kept.length, 'subscription')} nobody drains into the desk.`,
        remedy:
          'set deadLetterTopic in .infra/common.ts as the broker has it, or nightshift provision',
      };
};

/** Every dead-letter topic has a subscription that is drained into the desk. */
export const deskDrainCheck: Check = {
  name: 'desk drain',
  needs: ['broker'],
  run: async ({ pubsub }) => {
    const live = await readBroker(pubsub, 3_000).catch((error: unknown) => {
      if (error instanceof CredentialsError)
        throw new UnreachableError('broker', error.message, { cause: error });
      if (!(error instanceof BrokerUnreadableError)) throw error;
      throw new UnreachableError('broker', error.reason, { cause: error });
    });
    const used = usedTopics(live);
    const findings = [...used].flatMap(([topic, sources]) => {
      const finding = findingOf(live, topic, sources);
      return finding ? [finding] : [];
    });
    if (findings.length > 0) return findings;
    return [
      used.size === 0
        ? {
            level: 'note',
            message:
              'No subscription has a dead-letter topic; messages that kill their process would come for ever.',
            remedy: 'nightshift provision',
          }
        : {
            level: 'ok',
            message: `${counted(used.size, 'dead-letter topic')}, drained into the desk.`,
          },
    ];
  },
};
