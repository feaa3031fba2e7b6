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

/** Reads steps up to the equals sign that ends the path. */
const scan = (text: string): PayloadCondition => {
  const path: PathStep[] = [];
  let key: string | undefined;
  let open = true;
  const endStep = () => {
    if (key !== undefined) path.push({ key });
    else if (open) refuse('a path without empty keys', text);
    key = undefined;
    open = true;
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '=') {
      endStep();
      return { path, value: text.slice(index + 1) };
    }
    if (character === '.') endStep();
    else if (character === '[' && text[index + 1] === ']') {
      if (key !== undefined) path.push({ key });
      path.push({ element: true });
      key = undefined;
      open = false;
      index += 1;
    } else {
      if (!open) refuse('a path with a dot or an equals sign behind []', text);
      if (character === '\\') index += 1;
      key = (key ?? '') + (text[index] ?? '');
    }
  }
  return refuse('path=value, for example userId=42', text);
};

/**
 * Reads `path=value`: keys with dots between them, `[]` for any element of an array, a backslash before
 * a dot, an equals sign or a bracket that belongs to a key. `userId=42`, `payload.after.author_id=…`,
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
  const condition = scan(text);
  if (condition.path.length > mostSteps)
    return refuse(`a path of at most ${mostSteps} steps`, text);
  return condition;
};

/** The path as it was written, for people and for the audit log. */
export const shownPath = ({ path }: PayloadCondition): string =>
  path
    .map((step) =>
      'key' in step ? `.${step.key.replace(/[.=[\\]/g, '\\$&')}` : '[]',
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
