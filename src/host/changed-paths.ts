/** Paths listed at most. */
const listed = 50;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const walk = (one: unknown, other: unknown, path: string): string[] => {
  if (Object.is(one, other)) return [];
  if (!isObject(one) || !isObject(other)) return [path === '' ? '.' : path];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].flatMap((key) =>
    walk(one[key], other[key], path === '' ? key : `${path}.${key}`),
  );
};

/** Where two JSON values differ, without what they hold: at most 50 paths. */
export const changedPaths = (one: unknown, other: unknown): string[] =>
  walk(one, other, '').slice(0, listed);
