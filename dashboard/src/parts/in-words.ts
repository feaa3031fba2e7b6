const shown = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(shown).join(', ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);

/** `{ a: 1, b: ['x'] }` as `a 1; b x`. */
export const inWords = (value: unknown): string =>
  Object.entries((value ?? {}) as Record<string, unknown>)
    .filter(([, inner]) => inner !== null && inner !== false)
    .map(([name, inner]) => `${name} ${shown(inner)}`)
    .join('; ') || '–';
