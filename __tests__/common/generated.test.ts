import { execFile } from 'node:child_process';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const binaries = join(root, 'node_modules/.bin');
const folder = 'src/generated';

const filesIn = async (directory: string): Promise<Record<string, string>> => {
  const files: Record<string, string> = {};
  for await (const path of glob('**/*.ts', { cwd: join(directory, folder) }))
    files[path] = await readFile(join(directory, folder, path), 'utf8');
  return files;
};

it('src/generated is what proto/ says: after a change there run `npx pnpm generate`', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'nightshift-generated-'));
  try {
    await promisify(execFile)(
      join(binaries, 'buf'),
      ['generate', '--output', directory],
      {
        cwd: root,
        env: {
          ...process.env,
          PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}`,
        },
      },
    );
    const generated = await filesIn(directory);
    expect(Object.keys(generated).length).toBeGreaterThan(0);
    expect(await filesIn(root)).toEqual(generated);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
