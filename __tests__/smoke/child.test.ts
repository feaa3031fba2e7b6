import { tmpdir } from 'node:os';

import { runChild } from '../../smoke/child.ts';
import { until } from '../until.ts';

const node = (program: string): readonly [string, ...string[]] => [
  process.execPath,
  '--eval',
  program,
];

/** A child whose own child would outlive it, and which says that child's id. */
const withGrandchild = `
  const { spawn } = require('node:child_process');
  const idle = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
  console.log(idle.pid);`;

const untilGone = (pid: number): Promise<void> =>
  until(() => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });

describe('a child program', () => {
  const options = { cwd: tmpdir(), timeout: 60_000 };

  it('gives its lines, of both outputs, and its exit code', async () => {
    const lines: string[] = [];
    const end = await runChild({
      ...options,
      command: node(
        'console.log(process.env.GIVEN); console.error("b"); process.exitCode = 3',
      ),
      env: { GIVEN: 'a' },
      onLine: (line) => lines.push(line),
    });
    expect(end).toEqual({ kind: 'exited', code: 3 });
    expect(lines.sort()).toEqual(['a', 'b']);
  });

  it('that is not installed is told apart from one that fails', async () => {
    const command = ['no-such-program-anywhere'] as const;
    await expect(runChild({ ...options, command })).resolves.toEqual({
      kind: 'missing',
      command: command[0],
    });
  });

  it('is killed when its time is over', async () => {
    const end = await runChild({
      ...options,
      timeout: 10,
      command: node('setInterval(() => {}, 1000)'),
    });
    expect(end).toEqual({ kind: 'timed out' });
  });

  it('is killed with all it started when it is interrupted', async () => {
    const interrupted = new AbortController();
    let grandchild = 0;
    const end = await runChild({
      ...options,
      command: node(withGrandchild),
      signal: interrupted.signal,
      onLine: (line) => {
        grandchild = Number(line);
        interrupted.abort();
      },
    });
    expect(end).toEqual({ kind: 'aborted' });
    await untilGone(grandchild);
  });

  it('that ends leaves nothing behind that it started', async () => {
    let grandchild = 0;
    const end = await runChild({
      ...options,
      command: node(`${withGrandchild} process.exit(0)`),
      onLine: (line) => {
        grandchild = Number(line);
      },
    });
    expect(end).toEqual({ kind: 'exited', code: 0 });
    await untilGone(grandchild);
  });
});
