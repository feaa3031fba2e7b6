/** Share of the time that reading may take. */
const share = 0.02;

/**
 * A read that answers what it read last until as much time has passed as the read was long, fifty times over: cheap
 * ones are always fresh, dear ones (an aggregate over a hundred thousand rows) cost the database little however often
 * somebody asks. A failure is not remembered.
 */
export const sparing = <Result>(
  read: () => Promise<Result>,
  now: () => number = () => performance.now(),
): (() => Promise<Result>) => {
  let last: { readonly until: number; readonly result: Result } | undefined;
  return async () => {
    if (last && now() < last.until) return last.result;
    const begun = now();
    const result = await read();
    const ended = now();
    last = { until: ended + (ended - begun) / share, result };
    return result;
  };
};
