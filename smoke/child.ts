import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What is run, where, and how long it may take. */
export interface ChildOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** In milliseconds; then the child and what it started are killed. */
  readonly timeout: number;
  /** Ends the child early, the same way. */
  readonly signal?: AbortSignal;
  /** Called with each line of standard output and standard error. */
  readonly onLine?: (line: string) => void;
}

/** How a child ended. */
export type ChildEnd =
  | { readonly kind: 'exited'; readonly code: number | null }
  | { readonly kind: 'timed out' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'missing'; readonly command: string };

/**
 * Runs a program in a process group of its own and waits for its end. When its time is over the
 * whole group is killed, so that a compiler's or an installer's own children end, too.
 */
export const runChild = async ({
  command: [file, ...parameters],
  cwd,
  env,
  timeout,
  signal,
  onLine,
}: ChildOptions): Promise<ChildEnd> => {
  if (signal?.aborted) return { kind: 'aborted' };
  const child = spawn(file, parameters, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let end: ChildEnd | undefined;
  const kill = (reason: ChildEnd): void => {
    if (end !== undefined || child.pid === undefined) return;
    end = reason;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has just ended by itself.
    }
  };
  const abort = (): void => {
    kill({ kind: 'aborted' });
  };
  const timer = setTimeout(() => {
    kill({ kind: 'timed out' });
  }, timeout);
  signal?.addEventListener('abort', abort);
  const reading = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) onLine?.(line);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    // A grandchild that outlives its parent would hold the pipes open.
    kill({ kind: 'exited', code });
    await Promise.all(reading);
    return end ?? { kind: 'exited', code };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { kind: 'missing', command: file };
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
};
