/** What helps to find a request in the logs of its receiver. Never cookies, which are secret. */
const names = [
  'content-type',
  'date',
  'location',
  'retry-after',
  'server',
  'traceparent',
  'via',
  'x-correlation-id',
  'x-request-id',
] as const;

/** Characters of one value. */
const longest = 200;

/** Whoever is asked to go elsewhere may be given a secret in the query. */
const withoutQuery = (name: string, value: string): string =>
  name === 'location' ? value.replace(/[?#].*$/s, '') : value;

/** An answer's headers as far as they are kept: known names only, each value cut to 200 characters. */
export const keptHeaders = (headers: Headers): Record<string, string> => {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null)
      kept[name] = withoutQuery(name, value).slice(0, longest);
  }
  return kept;
};
