import { readFile, writeFile } from 'node:fs/promises';

import { format } from 'prettier';

import { buildSnapshot } from './schema-snapshot-build.ts';
import {
  compareSnapshots,
  type SchemaSnapshot,
} from './schema-snapshot-compare.ts';

/**
 * Records the schemas of all topics as released: `npx pnpm schemas`. Refuses what is not additive
 * unless `--accept-breaking` says that no message in flight and no running worker is left that
 * knows the old schema.
 */
const file = new URL('../src/common/schemas.snapshot.json', import.meta.url);

const readSnapshot = async (): Promise<SchemaSnapshot> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as SchemaSnapshot;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
};

const now = buildSnapshot();
const { additions, breaks } = compareSnapshots(await readSnapshot(), now);
for (const line of additions) console.log(`added: ${line}`);
for (const line of breaks) console.error(`not additive: ${line}`);

if (breaks.length > 0 && !process.argv.includes('--accept-breaking')) {
  console.error(
    'Nothing was written. Make a new field optional, or a new topic beside the old one, and remove ' +
      'the old when nothing publishes or waits on it any more; then say so with --accept-breaking.',
  );
  process.exitCode = 1;
} else {
  await writeFile(
    file,
    await format(JSON.stringify(now), { parser: 'json', singleQuote: true }),
  );
  console.log(`${Object.keys(now).length} topics recorded`);
}
