import { redact } from './redact.ts';

const mark = '(hidden)';

const identifier = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^-?[\d.:,]+$/i;

/** What an error may quote, and what is left of it. */
const quotations: readonly (readonly [RegExp, (whole: string) => string])[] = [
  // Postgres tells of rows as Key (email)=(ana@example.com).
  [/=\(([^()]*)\)/g, () => `=(${mark})`],
  [
    // One that was cut off has no end; an apostrophe within a word begins none.
    /"[^"\n]*(?:"|$)|(?<!\w)'[^'\n]*'|`[^`\n]*`|“[^”\n]*(?:”|$)|‘[^’\n]*’/g,
    (whole) => {
      const end = /["'`”’]$/.test(whole.slice(1)) ? whole.at(-1)! : '';
      const inner = whole.slice(1, whole.length - end.length);
      return inner === '' || identifier.test(inner)
        ? whole
        : `${whole[0]}${mark}${end}`;
    },
  ],
  [/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, () => mark],
  [/\bhttps?:\/\/[^\s)]+/g, () => mark],
];

/** Shorter values stand in texts by chance. */
const shortest = 3;

/** Texts of a document that `redact` hides, the longest first. */
const hiddenTexts = (value: unknown, shown: unknown): string[] => {
  if (typeof value === 'string')
    return value === shown || value.length < shortest ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  // What lies too deep is hidden whole.
  const beside = typeof shown === 'object' && shown !== null ? shown : {};
  return Object.entries(value).flatMap(([key, inner]) =>
    hiddenTexts(inner, (beside as Record<string, unknown>)[key]),
  );
};

const isFrame = (line: string): boolean => /^\s+at \S/.test(line);

/**
 * What an error says, for people who may not see what people wrote: quoted text, values of rows, mail addresses and
 * links are hidden, and so is whatever of the message's own payload it repeats. Frames of a stack stay as they are.
 *
 * @param document the payload that it may repeat. @default none is known
 */
export const redactText = (text: string, document?: unknown): string => {
  const repeated = [...new Set(hiddenTexts(document, redact(document)))].sort(
    (one, other) => other.length - one.length,
  );
  // What has several lines is never found in one.
  return repeated
    .filter((secret) => secret.includes('\n'))
    .reduce((left, secret) => left.replaceAll(secret, mark), text)
    .split('\n')
    .map((line) => {
      if (isFrame(line)) return line;
      const free = repeated.reduce(
        (left, secret) => left.replaceAll(secret, mark),
        line,
      );
      return quotations.reduce(
        (left, [pattern, replacement]) => left.replace(pattern, replacement),
        free,
      );
    })
    .join('\n');
};
