import { rm } from 'node:fs/promises';

import './global-setup.ts';

export default async function globalTeardown(): Promise<void> {
  await globalThis.testPostgres?.server.stop();
  if (globalThis.testPostgres)
    await rm(globalThis.testPostgres.directory, {
      recursive: true,
      force: true,
    });
}
