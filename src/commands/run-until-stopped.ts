import type { Logger } from '../logger.ts';

/** A process that was started and has to be drained. */
export interface Drainable {
  drain(): Promise<void>;
}

/**
 * Calls `leave` on SIGTERM or SIGINT while a process has nothing to drain yet.
 *
 * @returns ends that, without a trace of a signal that came before: hand it to `runUntilStopped`, which
 * calls it only when it listens itself. Node drops a signal that was received and not yet told when its
 * last listener goes, and the process would run on for ever.
 */
export const leaveOnSignal = (leave: () => void): (() => void) => {
  process.once('SIGTERM', leave).once('SIGINT', leave);
  return () => void process.off('SIGTERM', leave).off('SIGINT', leave);
};

interface RunOptions {
  /** Resolves with the reason when the process has to end by itself. */
  readonly ended?: Promise<string>;
  /** Called once signals are heard here: what `leaveOnSignal` returned. */
  readonly takeOver?: () => void;
}

/** Between the last words of a process and its end, at most, in milliseconds. */
const partingTime = 500;

/** Ends a drained process also if something keeps it: a socket whose other end says nothing. */
export const endSoon = (): void => {
  setTimeout(() => process.exit(), partingTime).unref();
};

/**
 * Keeps a process running until SIGTERM, SIGINT, an error that nobody caught, or until `ended`
 * resolves with a reason; then drains it and ends with 0, or with 1 after an error. A second signal
 * ends it at once.
 */
export const runUntilStopped = async (
  running: Drainable,
  logger: Logger,
  { ended, takeOver }: RunOptions = {},
): Promise<void> => {
  const { promise: stopped, resolve } = Promise.withResolvers<{
    readonly reason: string;
    readonly code: 0 | 1;
  }>();
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    resolve({ reason: signal, code: 0 });
  };
  const onError = (error: unknown): void => {
    logger.fatal({ err: error }, 'an error that nobody caught');
    resolve({ reason: 'an error that nobody caught', code: 1 });
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  takeOver?.();
  process.on('uncaughtException', onError).on('unhandledRejection', onError);
  void ended?.then((reason) => resolve({ reason, code: 1 }));

  const { reason, code } = await stopped;
  logger.info({ reason }, 'draining');
  await running.drain();
  logger.info('stopped');
  process.exitCode = code;
};
