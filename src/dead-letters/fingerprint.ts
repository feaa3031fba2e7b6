import { createHash } from 'node:crypto';

/** Characters of a message that are looked at; the rest is seldom what tells two errors apart. */
const longestMessage = 2_000;

/** What differs from one occurrence to the next, in the order in which it is taken out. */
const variables: readonly (readonly [RegExp, string])[] = [
  [/"[^"\n]*"|'[^'\n]*'|`[^`\n]*`|“[^”\n]*”|‘[^’\n]*’/g, '<text>'],
  [/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '<address>'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '<id>'],
  [/\d+([.,:_-]\d+)*/g, '<number>'],
  [/\s+/g, ' '],
];

/**
 * A message without what differs between occurrences of one fault: quoted text, mail addresses,
 * UUIDs, hexadecimal ids, and numbers with the times, dates and versions made of them.
 */
export const normaliseMessage = (message: string): string =>
  variables
    .reduce(
      (text, [pattern, replacement]) => text.replace(pattern, replacement),
      message.slice(0, longestMessage),
    )
    .trim();

const foreign = /node_modules|node:|\(<anonymous>\)|\(native\)/;

/** Function and file of the first frame of our own, without directory, line and column. */
const placeOf = (stack: string): string => {
  const frame = stack
    .split('\n')
    .find((line) => /^\s+at /.test(line) && !foreign.test(line));
  if (frame === undefined) return '';
  const [, name = '', path = ''] =
    /^\s+at (?:(?:async |new )*(.*?) \()?(.*?)(?::\d+)*\)?$/.exec(frame) ?? [];
  return `${name}@${path.split(/[/\\?]/).findLast((part) => part !== '') ?? ''}`;
};

/**
 * The same twelve hexadecimal digits for all occurrences of one fault: a hash of the error's name, its
 * message as `normaliseMessage` leaves it, and the function and file of the first stack frame that is
 * neither Node's nor a package's. So the next deployment, another line or another user change nothing,
 * while equal words from two places are two faults.
 */
export const fingerprintOf = (error: {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
}): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        error.name,
        normaliseMessage(error.message),
        placeOf(error.stack ?? ''),
      ]),
    )
    .digest('hex')
    .slice(0, 12);
