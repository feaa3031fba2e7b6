import { FilterError } from './errors.ts';

const seconds = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;
const longest = 10 * 366 * seconds.d;

/**
 * Reads a duration such as `90s`, `15m`, `2h`, `7d`, `2w` or `1h30m`. @returns seconds.
 *
 * @throws FilterError
 */
export const parseDuration = (option: string, text: string): number => {
  const parts = [...text.matchAll(/(\d{1,9})([smhdw])/g)];
  const total = parts.reduce(
    (sum, [, count, unit]) =>
      sum + Number(count) * seconds[unit as keyof typeof seconds],
    0,
  );
  if (!/^(\d{1,9}[smhdw])+$/.test(text) || total > longest)
    throw new FilterError(
      option,
      'a duration up to ten years, such as 90s, 15m, 2h or 7d',
      text,
    );
  return total;
};
