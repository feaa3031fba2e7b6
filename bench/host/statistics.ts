/** The value below which a share of the sorted numbers lies; NaN of none. */
export const percentile = (
  values: readonly number[],
  share: number,
): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return (
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ??
    NaN
  );
};

export const median = (values: readonly number[]): number =>
  percentile(values, 0.5);

/** To three significant digits. */
export const rounded = (value: number): number => Number(value.toPrecision(3));
