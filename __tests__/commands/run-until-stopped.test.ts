import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

test('a signal in the moment in which a process becomes ready drains it', async () => {
  const { stdout } = await run(process.execPath, [
    '--import',
    'tsx/esm',
    join(import.meta.dirname, 'fixture/becoming-ready.ts'),
  ]);
  expect(stdout).toBe('drained\n');
});
