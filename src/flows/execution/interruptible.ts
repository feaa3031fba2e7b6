/** Milliseconds that a handler has for its end once its signal has fired. */
const grace = 1_000;

/** The end of some work, or the reason of its signal once the grace after that is over. */
export const interruptible = async <Result>(
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(signal.reason as Error), grace);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
  }
};
