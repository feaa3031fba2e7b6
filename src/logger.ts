import { type Logger, pino } from 'pino';

import { config } from './config.ts';

export type { Logger } from 'pino';

/**
 * Makes a logger of JSON lines (readable lines on a terminal in development).
 * Payloads and secrets are redacted wherever they stand on the first two levels.
 */
export const createLogger = (name: string): Logger => {
  const { LOG_LEVEL, NODE_ENV } = config();
  const pretty = NODE_ENV === 'development' && process.stdout.isTTY;
  return pino({
    name,
    level: LOG_LEVEL,
    redact: {
      paths: ['payload', 'data', 'authorization', 'password', 'secret'].flatMap(
        (field) => [field, `*.${field}`],
      ),
      censor: '[redacted]',
    },
    ...(pretty && {
      transport: {
        target: 'pino-pretty',
        options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' },
      },
    }),
  });
};
