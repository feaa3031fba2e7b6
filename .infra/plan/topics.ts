import { topics } from '../../src/common/typedPubsub.ts';
import { declaredResources } from '../../src/provision/declared.ts';
import { deadLetterSubscriptions } from '../common.ts';
import type { PlannedTopic } from './resource.ts';

/** Every declared topic, with how messages come there. */
export const plannedTopics = (): PlannedTopic[] => {
  const direct = new Set(
    Object.entries(topics)
      .filter(
        ([, topic]) => 'transport' in topic && topic.transport === 'direct',
      )
      .map(([name]) => name),
  );
  const deadLetters = new Set(
    deadLetterSubscriptions().map(({ topic }) => topic),
  );
  const originOf = (name: string): PlannedTopic['origin'] => {
    if (deadLetters.has(name)) return 'broker';
    return direct.has(name) ? 'direct' : 'streamed';
  };
  return declaredResources().topics.map(({ name, foreign }) => ({
    name,
    origin: foreign ? 'foreign' : originOf(name),
  }));
};
