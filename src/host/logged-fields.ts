import { topics } from '../common/typedPubsub.ts';
import type { TopicDefinition } from '../events/topic.ts';

/** Characters of a field that a log line shows at most. */
const longest = 200;

const definitions: Readonly<Record<string, TopicDefinition>> = topics;

const allowedOf = (topic: string): readonly string[] => {
  const definition = Object.hasOwn(definitions, topic)
    ? definitions[topic]
    : undefined;
  return definition && 'logged' in definition ? definition.logged : [];
};

/**
 * The fields of a decoded payload that its topic allows in logs (`logged`, beside the schema): plain
 * values only, long ones cut. `undefined` if there is none.
 */
export const loggedFields = (
  topic: string,
  data: unknown,
): Record<string, string | number | boolean> | undefined => {
  if (typeof data !== 'object' || data === null) return undefined;
  const shown = allowedOf(topic).flatMap((field) => {
    const value = Object.hasOwn(data, field)
      ? (data as Record<string, unknown>)[field]
      : undefined;
    if (typeof value === 'string') return [[field, value.slice(0, longest)]];
    return typeof value === 'number' || typeof value === 'boolean'
      ? [[field, value]]
      : [];
  });
  return shown.length > 0
    ? (Object.fromEntries(shown) as Record<string, string | number | boolean>)
    : undefined;
};
