import { type Logger, type LoggerOptions, pino } from 'pino';

import { config } from './config.ts';

export type { Logger } from 'pino';

/** What errors of Postgres and its driver carry of rows, beside their message. */
const carried: ReadonlySet<string> = new Set([
  'parameters',
  'driverError',
  'detail',
  'where',
  'internalQuery',
]);

type Shown = Readonly<Record<string, unknown>>;

const withoutRows = (shown: Shown): Shown =>
  Object.fromEntries(
    Object.entries(shown)
      .filter(([name]) => !carried.has(name))
      .map(([name, value]) => [
        name,
        name === 'aggregateErrors' && Array.isArray(value)
          ? (value as Shown[]).map(withoutRows)
          : value,
      ]),
  );

/** An error for the log: a statement that failed without its parameters, which are payloads. */
export const shownError = (error: unknown): unknown =>
  error instanceof Error
    ? withoutRows({ ...pino.stdSerializers.err(error) })
    : error;

/**
 * Makes a logger of JSON lines (readable lines on a terminal in development).
 * Payloads and secrets are redacted wherever they stand on the first two levels.
 *
 * @param output `stderr` for commands whose standard output is their result.
 */
export const createLogger = (
  name: string,
  output: 'stdout' | 'stderr' = 'stdout',
): Logger => {
  const { LOG_LEVEL, NODE_ENV } = config();
  const pretty = NODE_ENV === 'development' && process[output].isTTY;
  const destination = output === 'stdout' ? 1 : 2;
  const options: LoggerOptions = {
    name,
    level: LOG_LEVEL,
    serializers: { err: shownError },
    redact: {
      paths: ['payload', 'data', 'authorization', 'password', 'secret'].flatMap(
        (field) => [field, `*.${field}`],
      ),
      censor: '[redacted]',
    },
  };
  if (!pretty) return pino(options, pino.destination(destination));
  return pino({
    ...options,
    transport: {
      target: 'pino-pretty',
      options: {
        ignore: 'pid,hostname',
        translateTime: 'HH:MM:ss.l',
        destination,
      },
    },
  });
};
