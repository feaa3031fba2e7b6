import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { glob, stat } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const dashboard = join(root, 'dashboard');

const changedAt = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;

/** Whether the operators' page was never built, or changed since. */
const isStale = async (): Promise<boolean> => {
  const built = await changedAt(join(dashboard, 'dist/index.html'));
  if (built === 0) return true;
  const sources = ['src/**/*', 'public/*', 'index.html', 'vite.config.ts'];
  for await (const file of glob(sources, { cwd: dashboard }))
    if ((await changedAt(join(dashboard, file))) > built) return true;
  return false;
};

/**
 * Builds the operators' page if that has to be done, in a process of its own. A page that cannot be built
 * keeps nobody from working.
 *
 * @param say told that it is built, as that takes seconds, or why it was not.
 */
export const buildDashboard = async (
  say: (what: string) => void,
): Promise<void> => {
  if (!(await isStale())) return;
  say('building the operators’ page (some seconds, once) …');
  const build = spawn(
    process.execPath,
    [
      '--import',
      import.meta.resolve('tsx/esm'),
      join(root, 'scripts/build-dashboard.ts'),
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  build.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2_000);
  });
  const [code] = (await once(build, 'close')) as [number | null];
  if (code !== 0)
    say(
      `the operators’ page could not be built, and /admin says so; npx pnpm build:dashboard tries again: ${complaint.trim()}`,
    );
};
