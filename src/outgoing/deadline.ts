import { ResponseTimeoutError } from './errors.ts';

export interface DeadlineOptions {
  readonly timeoutSeconds: number;
  readonly idleSeconds: number;
  readonly signal: AbortSignal | undefined;
}

/** What ends a request early: its caller, its time, or silence. */
export interface Deadline {
  /** Fires with the error to fail with. */
  readonly signal: AbortSignal;
  /** Rejects when the signal fires, and never otherwise. */
  readonly passed: Promise<never>;
  /** Something was heard. */
  heard(): void;
  /** The server that is waited for now. */
  wait(origin: string): void;
  close(): void;
}

/** Starts the clocks of a request. They stop when it is closed. */
export const startDeadline = (
  origin: string,
  { timeoutSeconds, idleSeconds, signal: given }: DeadlineOptions,
): Deadline => {
  const controller = new AbortController();
  let current = origin;
  const expire = (exceeded: 'total' | 'idle', seconds: number) =>
    setTimeout(
      () =>
        controller.abort(new ResponseTimeoutError(current, exceeded, seconds)),
      seconds * 1_000,
    );
  const total = expire('total', timeoutSeconds);
  const idle = expire('idle', idleSeconds);
  const signal = given
    ? AbortSignal.any([given, controller.signal])
    : controller.signal;
  let fail = (): void => undefined;
  const passed = new Promise<never>((_, reject) => {
    fail = () => reject(signal.reason as Error);
  });
  // Whoever races with it hears of it; after the race nobody has to.
  passed.catch(() => undefined);
  if (signal.aborted) fail();
  else signal.addEventListener('abort', fail, { once: true });
  return {
    signal,
    passed,
    heard: () => void idle.refresh(),
    wait: (next) => {
      current = next;
      idle.refresh();
    },
    close: () => {
      clearTimeout(total);
      clearTimeout(idle);
      signal.removeEventListener('abort', fail);
    },
  };
};
