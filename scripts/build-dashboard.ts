import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'vite';

const dashboard = join(import.meta.dirname, '../dashboard');
const dist = join(dashboard, 'dist');
const fresh = `${dist}-${randomUUID()}`;

/** Puts the finished page in its place at once, so that nobody is served half of one. */
const replace = async (): Promise<void> => {
  const old = `${fresh}-old`;
  await rename(dist, old).catch(() => undefined);
  await rename(fresh, dist);
  await rm(old, { recursive: true, force: true });
};

try {
  await build({
    configFile: join(dashboard, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: fresh, emptyOutDir: true },
  });
  await replace();
} finally {
  await rm(fresh, { recursive: true, force: true });
}
