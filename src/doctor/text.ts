/** `1 message`, `2 messages`. */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

const ageUnits = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** 7300 → `2 hours`: the largest unit of which there is a whole one. */
export const roughAge = (seconds: number): string => {
  for (const [unit, size] of ageUnits)
    if (seconds >= size) return counted(Math.floor(seconds / size), unit);
  return 'less than a second';
};

const sizeUnits = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** 1536 → `1.5 KiB`. */
export const roughSize = (bytes: number): string => {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < sizeUnits.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${sizeUnits[unit]}`;
};
