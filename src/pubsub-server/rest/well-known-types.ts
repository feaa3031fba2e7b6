/**
 * The messages that Protobuf's JSON form writes as one value instead of an object:
 * https://protobuf.dev/programming-guides/json/
 */

/** seconds and nanoseconds, as Duration and Timestamp hold them. */
export interface Moment {
  seconds: number;
  nanos: number;
}

const NANOS_PER_SECOND = 1_000_000_000;

/** Fewest of 0, 3, 6 or 9 digits that tell the whole. */
const fraction = (nanos: number): string => {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  return `.${digits.replace(/(000){1,2}$/, '')}`;
};

const nanosOf = (digits: string | undefined): number =>
  Number((digits ?? '').padEnd(9, '0'));

/** Such as `600s` or `-1.500s`; undefined for anything else. */
export const parseDuration = (text: string): Moment | undefined => {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(text);
  if (!match) return undefined;
  const sign = match[1] === '-' ? -1 : 1;
  // `|| 0`: no negative zeros
  return {
    seconds: sign * Number(match[2]) || 0,
    nanos: sign * nanosOf(match[3]) || 0,
  };
};

export const formatDuration = ({ seconds, nanos }: Moment): string =>
  `${seconds < 0 || nanos < 0 ? '-' : ''}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;

/** RFC 3339 with `Z` or an offset; undefined for anything else. */
export const parseTimestamp = (text: string): Moment | undefined => {
  const match =
    /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/.exec(
      text,
    );
  if (!match) return undefined;
  const milliseconds = Date.parse(`${match[1]}${match[3]}`);
  return Number.isNaN(milliseconds)
    ? undefined
    : { seconds: milliseconds / 1000, nanos: nanosOf(match[2]) };
};

export const formatTimestamp = ({ seconds, nanos }: Moment): string => {
  const whole = seconds + Math.floor(nanos / NANOS_PER_SECOND);
  return `${new Date(whole * 1000).toISOString().slice(0, -5)}${fraction(nanos % NANOS_PER_SECOND)}Z`;
};

export const snakeCase = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const camelCase = (name: string): string =>
  name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `labels,deadLetterPolicy.maxDeliveryAttempts`; names in snake case are taken, too. */
export const parseFieldMask = (text: string): { paths: string[] } => ({
  paths: text
    .split(',')
    .map((path) => snakeCase(path.trim()))
    .filter((path) => path !== ''),
});

export const formatFieldMask = ({ paths }: { paths: string[] }): string =>
  paths.map(camelCase).join(',');
