import type { PayloadCondition } from './payload-path.ts';

/** Names of fields that hold what people are, wrote or keep secret: never shown, whatever their form. */
const personal =
  /(^|_)(name|username|handle|email|mail|title|content|body|text|message|bio|phone|address|ip|url|link|token|secret|password|signature|authorization|cookie|key)(_|$)/;

const identifier =
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const moment = /^\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}(:?\d{2})?)?)?$/;
/** Words of the system rather than of people: states, types, tables, positions, trace contexts. */
const word =
  /^[a-z][a-z0-9_.:-]{0,63}$|^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$|^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$|^-?\d{1,24}$/;

const snake = (key: string): string =>
  key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/-/g, '_')
    .toLowerCase();

const hidden = (value: unknown): string =>
  typeof value === 'string'
    ? `(hidden: ${value.length} characters)`
    : '(hidden)';

const isSafe = (text: string): boolean =>
  text === '' || identifier.test(text) || moment.test(text) || word.test(text);

/** Levels into which is looked; what lies deeper is hidden. */
const deepest = 32;

/**
 * A copy of a JSON value for people who may see how it is made, but not what people wrote: identifiers,
 * numbers, times and words of the system stay, other text is hidden, and so is everything in fields whose
 * names say that it is personal or secret.
 */
export const redact = (value: unknown, key = '', depth = 0): unknown => {
  if (value === null || value === undefined) return value;
  if (depth > deepest) return hidden(value);
  if (Array.isArray(value))
    return value.map((item) => redact(item, key, depth + 1));
  if (typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        redact(inner, name, depth + 1),
      ]),
    );
  const field = snake(key);
  if (personal.test(field) && !field.endsWith('_id')) return hidden(value);
  if (typeof value !== 'string') return value;
  return isSafe(value) ? value : hidden(value);
};

/** Whether a condition asks for a value that would be shown, so that an answer gives away nothing hidden. */
export const isShown = ({ path, value }: PayloadCondition): boolean => {
  const field = path.findLast((step) => 'key' in step)?.key ?? '';
  return redact(value, field) === value;
};
