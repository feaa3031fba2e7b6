const number = new Intl.NumberFormat('en');
const small = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** 12345 → `12,345`. */
export const count = (value: number): string => number.format(value);

/** A rate a second: `0`, `0.4`, `1,730`. */
export const rate = (value: number): string =>
  value >= 100 ? number.format(Math.round(value)) : small.format(value);

/** Seconds as `4 ms`, `1.5 s`, `7 min`, `3 h`, `2 d`. */
export const duration = (seconds: number | null | undefined): string => {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 0.001) return '< 1 ms';
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 10) return `${small.format(seconds)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
};

/** Bytes as `12 KB`, `3.4 MB`. */
export const bytes = (value: number): string => {
  if (value < 1_024) return `${number.format(value)} B`;
  if (value < 1_024 ** 2) return `${Math.round(value / 1_024)} KB`;
  if (value < 1_024 ** 3) return `${small.format(value / 1_024 ** 2)} MB`;
  return `${small.format(value / 1_024 ** 3)} GB`;
};

/** A long text cut off, with a sign that it was. */
export const shortened = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text;

/** `3 entries`, `1 entry`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;
