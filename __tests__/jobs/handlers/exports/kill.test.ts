import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Export, Post } from '../../../../src/entity/index.ts';
import { generateExport } from '../../../../src/jobs/handlers/exports/generate.ts';
import { requestExport } from '../../../../src/jobs/handlers/exports/request.ts';
import { FolderStorage } from '../../../../src/storage/folder.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import { saveFixtures } from '../../../setup/save-fixtures.ts';
import { createCommunity } from '../../../workers/community.ts';
import { jobContext } from './job-context.ts';

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nightshift-killed-export-'));
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const files = async (): Promise<string[]> => {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      join(parentPath, name).slice(folder.length + 1),
    );
};

it.each(['csv', 'pdf'] as const)(
  'shows nothing of a %s export whose process is killed midway, and the next attempt finishes it',
  async (format) => {
    const con = database.dataSource;
    const { author, post } = await createCommunity(con);
    await saveFixtures(
      con,
      Post,
      Array.from({ length: 600 }, () => ({
        sourceId: post.sourceId,
        authorId: author.id,
        title: 'A post',
        content: 'Words. '.repeat(100),
      })),
    );
    const { id, objectKey } = await con.transaction((manager) =>
      requestExport(manager, { userId: author.id, kind: 'my-posts', format }),
    );
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx/esm',
        '__tests__/jobs/handlers/exports/killed-export.ts',
        database.url,
        folder,
        id,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(await files()).toEqual([expect.stringMatching(/^\.uploading\//)]);
    expect(
      await con.getRepository(Export).findOneByOrFail({ id }),
    ).toMatchObject({ state: 'running' });

    const storage = new FolderStorage({
      folder,
      linkBase: 'http://127.0.0.1',
      linkSecret: 'a-secret-of-16-characters',
    });
    const again = jobContext(con, { job: { attempt: 2 } });
    expect(await generateExport(id, again, { storage })).toMatchObject({
      outcome: 'ready',
      rows: 601,
    });
    expect(await storage.deleteAbandoned(new Date(Date.now() + 1_000))).toBe(1);
    expect(await files()).toEqual([objectKey]);
  },
);
