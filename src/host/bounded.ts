import { DatabaseSilentError } from './errors.ts';

/** Rejects when Postgres stays silent; the work itself goes on, so it must be harmless by then. */
export const bounded = async <Result>(
  step: string,
  seconds: number,
  work: Promise<Result>,
): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new DatabaseSilentError(step, seconds)),
      seconds * 1_000,
    );
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
};
