/** Milliseconds since 1970 of a date before which no feed was written: a wrong clock, or a default. */
const earliest = Date.UTC(1990, 0, 1);

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/** Hours from UTC of the zones that RFC 822 names, and of others that feeds do. */
const zones: Readonly<Record<string, number>> = {
  ...{ z: 0, ut: 0, utc: 0, gmt: 0, wet: 0, west: 1, bst: 1 },
  ...{ cet: 1, cest: 2, eet: 2, eest: 3, msk: 3, jst: 9, kst: 9 },
  ...{ est: -5, edt: -4, cst: -6, cdt: -5, mst: -7, mdt: -6, pst: -8, pdt: -7 },
  ...{ aest: 10, aedt: 11 },
};

const time = String.raw`(?:(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,]\d{1,9})?)?\s*(?<half>[ap]m\b)?)`;
const zone = String.raw`\s*(?<zone>[a-z]{1,5}|(?:utc|gmt)?[+-]\d{1,2}:?(?:\d{2})?)?(?:\s*\([^)]{0,40}\))?`;

const shapes = [
  // 2024-02-29T10:00:00+01:00, 2024-02-29 10:00, 2024/02/29, 20240229
  String.raw`(?<year>\d{4})([-/.]?)(?<month>\d{2})\2(?<day>\d{2})(?:(?:t|\s+)${time}${zone})?`,
  // 29 Feb 2024 10:00:00 GMT, 29-Feb-24
  String.raw`(?<day>\d{1,2})(?:st|nd|rd|th)?[\s-](?<name>[a-z]{3,9})\.?,?[\s-](?<year>\d{4}|\d{2})(?:,?\s+${time}${zone})?`,
  // February 29, 2024 10:00 EST
  String.raw`(?<name>[a-z]{3,9})\.?\s+(?<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?<year>\d{4})(?:,?\s+(?:at\s+)?${time}${zone})?`,
  // Feb 29 10:00:00 UTC 2024, as date and asctime write it
  String.raw`(?<name>[a-z]{3})\s+(?<day>\d{1,2})\s+${time}${zone}\s+(?<year>\d{4})`,
].map((shape) => new RegExp(`^${shape}$`, 'i'));

/** Minutes east of UTC; without a zone, or in one that nobody knows, the time counts as UTC. */
const offsetOf = (text: string | undefined): number => {
  const numbers = /([+-])(\d{1,2}):?(\d{2})?$/.exec(text ?? '');
  if (!numbers) return (zones[(text ?? '').toLowerCase()] ?? 0) * 60;
  const [, sign, hours, minutes] = numbers;
  return (
    (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes ?? '0'))
  );
};

const hourOf = (hour: number, half: string | undefined): number =>
  half === undefined ? hour : (hour % 12) + (/p/i.test(half) ? 12 : 0);

const fullYear = (digits: string): number =>
  digits.length > 2 ? Number(digits) : Number(digits) + 2_000;

const instantOf = (
  parts: Readonly<Record<string, string | undefined>>,
): number | undefined => {
  const month = parts.name
    ? months.indexOf(parts.name.slice(0, 3).toLowerCase())
    : Number(parts.month) - 1;
  const day = Number(parts.day);
  const hour = hourOf(Number(parts.hour ?? '0'), parts.half);
  const minute = Number(parts.minute ?? '0');
  const second = Number(parts.second ?? '0');
  if (month < 0 || month > 11 || hour > 24 || minute > 59 || second > 60)
    return undefined;
  const midnight = Date.UTC(fullYear(parts.year ?? ''), month, day);
  // The 31st of February would be another day.
  if (new Date(midnight).getUTCDate() !== day) return undefined;
  const seconds = (hour * 60 + minute - offsetOf(parts.zone)) * 60 + second;
  return midnight + seconds * 1_000;
};

/**
 * Reads a date as feeds write it: RFC 3339, RFC 822 in its many spellings, what `date` prints, seconds or
 * milliseconds since 1970. A time without a zone is UTC.
 *
 * @returns milliseconds since 1970; `undefined` if it is no date, or one before 1990
 */
export const parseFeedDate = (text: string): number | undefined => {
  const trimmed = text
    .trim()
    .slice(0, 100)
    // The day of the week says nothing, and is in the language of the feed.
    .replace(
      /^[\p{L}.]{2,}\s*,\s*|^(?:mon|tue|wed|thu|fri|sat|sun)\w*\s+/iu,
      '',
    );
  const instant = /^\d{10}$|^\d{13}$/.test(trimmed)
    ? Number(trimmed.padEnd(13, '0'))
    : shapes
        .map((shape) => shape.exec(trimmed)?.groups)
        .filter((groups) => groups !== undefined)
        .map(instantOf)[0];
  return instant !== undefined && instant >= earliest ? instant : undefined;
};
