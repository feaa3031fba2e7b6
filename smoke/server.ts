import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A Pub/Sub server of our own, as a process of its own. */
export interface ServerProcess {
  /** host:port, for PUBSUB_EMULATOR_HOST. */
  readonly address: string;
  stop(): Promise<void>;
}

const START_TIMEOUT = 30_000;

/**
 * Starts the server on a free port and waits until it says where it listens.
 *
 * @throws Error when it ends first, or says nothing for 30 seconds; with what it printed.
 */
export const startServerProcess = async (): Promise<ServerProcess> => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx/esm', 'bin/cli.ts', 'pubsub', '--port', '0'],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  };
  const printed: string[] = [];
  const started = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        if (printed.length < 50) printed.push(line);
        const address = /PUBSUB_EMULATOR_HOST=(\S+)/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT);
  const address = await Promise.race([started, ended.then(() => undefined)]);
  clearTimeout(timer);
  if (address === undefined)
    throw new Error(
      `expected the Pub/Sub server to start, got:\n${printed.join('\n')}`,
    );
  return { address, stop };
};
