import { FilterError } from './errors.ts';

/** A value that a payload must have at a path. */
export interface PayloadCondition {
  /** Keys from the outside in; `element: true` steps into any element of an array. */
  readonly path: readonly PathStep[];
  readonly value: string;
}

export type PathStep = { readonly key: string } | { readonly element: true };

const longestCondition = 1_000;
const mostSteps = 32;
const option = 'a payload condition';

const refuse = (expected: string, given: string): never => {
  throw new FilterError(option, expected, given);
};

/** Splits at dots that no backslash stands before. */
const keysOf = (path: string): string[] =>
  (path.match(/(?:\\.|[^.\\])+/g) ?? []).map((key) => key);

const stepsOf = (key: string): PathStep[] => {
  const [, name = '', elements = ''] = /^(.*?)((?:\[\])*)$/s.exec(key) ?? [];
  const unescaped = name.replace(/\\(.)/gs, '$1');
  return [
    ...(unescaped === '' ? [] : [{ key: unescaped }]),
    ...Array.from({ length: elements.length / 2 }, () => ({
      element: true as const,
    })),
  ];
};

/**
 * Reads `path=value`: keys with dots between them, `[]` for any element of an array, a backslash before
 * a dot or an equals sign that belongs to a key. `userId=42`, `payload.after.author_id=…`,
 * `changed[]=name`.
 *
 * @throws FilterError
 */
export const parsePayloadCondition = (text: string): PayloadCondition => {
  if (text.length > longestCondition)
    return refuse(
      `at most ${longestCondition} characters`,
      `${text.length} characters`,
    );
  if (/[\0\ud800-\udfff]/u.test(text))
    return refuse('text that JSON in Postgres can hold', text);
  const [, path, value] =
    /^((?:\\.|[^=\\])+)=(.*)$/s.exec(text) ??
    refuse('path=value, for example userId=42', text);
  const given = path ?? '';
  if (/^\.|\.\.|(?<!\\)\.$/.test(given))
    return refuse('a path without empty keys', text);
  const steps = keysOf(given).flatMap(stepsOf);
  if (steps.length === 0 || steps.length > mostSteps)
    return refuse(`a path of 1 to ${mostSteps} steps`, text);
  return { path: steps, value: value ?? '' };
};

/** The path as it was written, for people and for the audit log. */
export const shownPath = ({ path }: PayloadCondition): string =>
  path
    .map((step) =>
      'key' in step ? `.${step.key.replace(/[.=\\]/g, '\\$&')}` : '[]',
    )
    .join('')
    .replace(/^\./, '');

const nested = (path: readonly PathStep[], value: unknown): unknown =>
  path.reduceRight<unknown>(
    (inner, step) => ('key' in step ? { [step.key]: inner } : [inner]),
    value,
  );

/**
 * The JSON documents one of which a payload has to contain: with the value as a text and, where it
 * reads as a number, a boolean or null, as that.
 */
export const documentsOf = ({ path, value }: PayloadCondition): string[] => {
  const asText = JSON.stringify(nested(path, value));
  if (!/^(-?\d+(\.\d+)?([eE][+-]?\d{1,3})?|true|false|null)$/.test(value))
    return [asText];
  // The number as it was written: JavaScript's would lose digits.
  const literal = value.replace(/^(-?)0+(?=\d)/, '$1');
  const document = JSON.stringify(nested(path, ''));
  // The value is the innermost part, so its empty text is the last one.
  const at = document.lastIndexOf('""');
  return [asText, document.slice(0, at) + literal + document.slice(at + 2)];
};
