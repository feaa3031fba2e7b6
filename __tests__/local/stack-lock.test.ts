import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  isLocked,
  lockStack,
  StackRunningError,
} from '../../src/local/stack-lock.ts';

let directory: string;
let holder: ChildProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nightshift-test-'));
});

afterEach(async () => {
  holder?.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

test('the lock of a process ends with kill -9', async () => {
  const path = join(directory, 'stack.lock');
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx/esm',
      '--input-type=module',
      '--eval',
      `import { lockStack } from './src/local/stack-lock.ts';
       lockStack(process.argv[1]);
       console.log('locked');
       setInterval(() => undefined, 1_000);`,
      path,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  holder = child;
  await once(child.stdout, 'data');
  expect(isLocked(path)).toBe(true);
  expect(() => lockStack(path)).toThrow(StackRunningError);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  expect(isLocked(path)).toBe(false);
});

test('a released lock can be taken again', () => {
  const path = join(directory, 'stack.lock');
  lockStack(path).release();
  const lock = lockStack(path);
  expect(isLocked(path)).toBe(true);
  lock.release();
});
