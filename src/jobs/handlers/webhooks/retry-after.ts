/** Seconds that a receiver may put us off: longer, and nobody would know any more why nothing comes. */
const longest = 6 * 3_600;

/**
 * How long a `retry-after` header asks to wait (RFC 9110, 10.2.3: seconds, or a date), in seconds, at most six
 * hours; `undefined` if it asks for nothing that can be understood.
 */
export const retryAfterSeconds = (
  header: string | null,
  now: Date,
): number | undefined => {
  if (header === null) return undefined;
  const seconds = /^\d{1,10}$/.test(header)
    ? Number(header)
    : (Date.parse(header) - now.getTime()) / 1_000;
  return seconds > 0 ? Math.min(seconds, longest) : undefined;
};
