import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Whose server: ours in memory, ours with a data directory, Google's in-memory one in Go. */
export const contenders = ['memory', 'durable', 'pstest'] as const;
export type Contender = (typeof contenders)[number];

/** A server in a process of its own. */
export interface Server {
  readonly address: string;
  /** User and system time so far, in seconds. */
  cpuSeconds(): Promise<number>;
  /** Resident memory, in bytes. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** Ticks a second in /proc, the same on every Linux that Node runs on. */
const TICKS = 100;

const root = fileURLToPath(new URL('../../', import.meta.url));
const pstestSource = fileURLToPath(new URL('./pstest/', import.meta.url));

const firstMatch = async (
  child: ChildProcess,
  pattern: RegExp,
): Promise<string> => {
  let text = '';
  for await (const [chunk] of onData(child)) {
    text += String(chunk);
    const [, match] = pattern.exec(text) ?? [];
    if (match !== undefined) return match;
  }
  throw new Error(`expected the server to tell its address, got: ${text}`);
};

async function* onData(child: ChildProcess): AsyncGenerator<[Buffer]> {
  const stdout = child.stdout!;
  while (!stdout.readableEnded && !stdout.destroyed)
    yield (await Promise.race([
      once(stdout, 'data'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the server ended with ${String(code)}`);
      }),
    ])) as [Buffer];
}

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.stdin?.end();
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exit;
  clearTimeout(timer);
};

const serve = async (
  command: string,
  args: readonly string[],
  address: RegExp,
  cleanUp: () => Promise<void> = () => Promise.resolve(),
): Promise<Server> => {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const proc = `/proc/${child.pid}`;
  return {
    address: await firstMatch(child, address),
    cpuSeconds: async () => {
      const text = await readFile(`${proc}/stat`, 'latin1');
      // The fields after the name, which may hold anything: see proc(5), utime and stime.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS;
    },
    residentBytes: async () => {
      const text = await readFile(`${proc}/status`, 'latin1');
      return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) * 1_024;
    },
    stop: async () => {
      await stop(child);
      await cleanUp();
    },
  };
};

/** As the script `pubsub` starts it: a large young generation, so that messages are moved less often. */
const nodeOptions = ['--max-semi-space-size=64', '--import', 'tsx'];

const ours = (args: readonly string[], cleanUp?: () => Promise<void>) =>
  serve(
    process.execPath,
    [...nodeOptions, 'bin/cli.ts', 'pubsub', '--port', '0', ...args],
    /PUBSUB_EMULATOR_HOST=(\S+)/,
    cleanUp,
  );

let built: string | undefined;

/**
 * Builds Google's server.
 *
 * @returns why it cannot take part; undefined when it can.
 */
export const buildPstest = async (): Promise<string | undefined> => {
  const directory = await mkdtemp(join(tmpdir(), 'nightshift-pstest-'));
  const binary = join(directory, 'pstest');
  const { status, error, stderr } = spawnSync(
    'go',
    ['build', '-o', binary, '.'],
    { cwd: pstestSource, encoding: 'utf8', timeout: 300_000 },
  );
  if (status === 0) {
    built = binary;
    return undefined;
  }
  await rm(directory, { recursive: true });
  return error ? `Go is not at hand (${error.message})` : stderr.trim();
};

/** Deletes what {@link buildPstest} built. */
export const removePstest = async (): Promise<void> => {
  if (built !== undefined) await rm(join(built, '..'), { recursive: true });
};

const start: Record<Contender, () => Promise<Server>> = {
  memory: () => ours([]),
  durable: async () => {
    const data = await mkdtemp(join(tmpdir(), 'nightshift-bench-'));
    return ours(['--data', data], () => rm(data, { recursive: true }));
  },
  pstest: () => {
    if (built === undefined) throw new Error('expected pstest to be built');
    return serve(built, [], /(\S+:\d+)/);
  },
};

export const startServer = (contender: Contender): Promise<Server> =>
  start[contender]();
