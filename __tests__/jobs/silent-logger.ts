import { pino } from 'pino';

/** Says nothing. */
export const silentLogger = pino({ level: 'silent' });
