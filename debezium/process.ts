import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Distribution } from './distribution.ts';

export interface DebeziumOptions {
  readonly distribution: Distribution;
  /** Path of the program, or `java`. */
  readonly java: string;
  /** Path of the properties file. */
  readonly properties: string;
  /** What the file's `${…}` stand for. */
  readonly environment: Readonly<Record<string, string>>;
  /** Settings that go before those of the file. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** File that the Server's log is written to. */
  readonly log: string;
}

/** A running Debezium Server. */
export interface DebeziumProcess {
  readonly pid: number;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<void>;
  /** The last lines of its log. */
  lastWords(): Promise<string>;
  /** Ends it in order: what was published is confirmed. Idempotent. */
  stop(): Promise<void>;
}

/** Milliseconds for an orderly end. */
const patience = 30_000;

/**
 * Ends the Server with this process, also after kill -9: its first child waits on the standard input,
 * a pipe from here that closes then. `exec` keeps the process id.
 */
const guarded = `
exec 3<&0 </dev/null
(read -r _ <&3 || kill -TERM $$) >/dev/null 2>&1 &
exec 3<&- "$@"
`;

/** Starts Debezium Server by its own script, in a process group of its own, so that Ctrl-C reaches its owner alone. */
export const startDebezium = async (
  options: DebeziumOptions,
): Promise<DebeziumProcess> => {
  const { distribution, java, properties, overrides = {}, log } = options;
  const { JAVA_HOME: _, ...environment } = process.env;
  const file = await open(log, 'w', 0o600);
  const server = spawn(
    '/bin/sh',
    ['-c', guarded, 'sh', '/bin/bash', 'run.sh'],
    {
      cwd: distribution.directory,
      detached: true,
      stdio: ['pipe', file.fd, file.fd],
      env: {
        ...environment,
        ...(java.includes('/') && { JAVA_HOME: dirname(dirname(java)) }),
        ...options.environment,
        // The last two are wanted from Java 24 on.
        JAVA_OPTS:
          '-Xms64m -Xmx512m -XX:+UseSerialGC --add-opens=java.base/java.lang=ALL-UNNAMED --enable-native-access=ALL-UNNAMED',
        // Its settings rank as what names it: below the overrides, which are system properties.
        QUARKUS_CONFIG_LOCATIONS: properties,
        JDK_JAVA_OPTIONS: Object.entries(overrides)
          .map(([name, value]) => `"-D${name}=${value}"`)
          .join(' '),
      },
    },
  );
  server.stdin?.on('error', () => undefined);
  await file.close();
  const ended = once(server, 'exit').then(() => undefined);
  return {
    pid: server.pid!,
    ended,
    lastWords: async () =>
      (await readFile(log, 'utf8')).trim().split('\n').slice(-40).join('\n'),
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null)
        server.kill('SIGTERM');
      const impatience = setTimeout(() => server.kill('SIGKILL'), patience);
      await ended;
      clearTimeout(impatience);
    },
  };
};
