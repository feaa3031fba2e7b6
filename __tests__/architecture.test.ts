import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

test('imports go one way, without circles, to declared packages only', async () => {
  const { stdout } = await run(process.execPath, [
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    '--config',
    'dependency-cruiser.config.js',
    '--output-type',
    'err',
    'src',
    'bin',
    'dashboard/src',
    '.infra/common.ts',
  ]).catch((failure: { stdout: string }) => failure);
  expect(stdout).toMatch(/no dependency violations found/);
});

test('no source file is longer than 600 lines', async () => {
  const { stdout } = await run('git', [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '*.ts',
    '*.tsx',
  ]);
  const files = stdout
    .split('\n')
    .filter(
      (file) =>
        file &&
        !file.startsWith('src/generated/') &&
        file !== 'dashboard/src/api/schema.d.ts',
    );
  const long: string[] = [];
  for (const file of files) {
    const lines = (await readFile(file, 'utf8')).split('\n').length;
    if (lines > 601) long.push(`${file}: ${lines}`);
  }
  expect(files.length).toBeGreaterThan(10);
  expect(long).toEqual([]);
});
