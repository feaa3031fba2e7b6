import {
  mkdtemp,
  readdir,
  readFile,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { FolderStorage } from '../../src/storage/folder.ts';

let folder: string;
let storage: FolderStorage;

const options = (linkSecret: string | undefined) => ({
  folder,
  linkBase: 'http://127.0.0.1/files',
  linkSecret,
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-storage-'));
  storage = new FolderStorage(options('a-secret-of-16-characters'));
});
afterEach(() => rm(folder, { recursive: true }));

const contentType = 'text/plain';
const files = async (): Promise<string[]> => {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map(({ name }) => name);
};

it('stores a stream under its key, in place of what was there', async () => {
  await storage.put('a/b.csv', Readable.from(['one']), { contentType });
  expect(
    await storage.put('a/b.csv', Readable.from(['three']), { contentType }),
  ).toBe(5);
  expect(await readFile(join(folder, 'a/b.csv'), 'utf8')).toBe('three');
  expect(await files()).toEqual(['b.csv']);
});

it('leaves nothing of an upload that is aborted midway, and keeps what stood there', async () => {
  await storage.put('a.csv', Readable.from(['before']), { contentType });
  const controller = new AbortController();
  const endless = Readable.from(
    (async function* () {
      for (let chunks = 0; ; chunks += 1) {
        if (chunks === 100) controller.abort(new Error('enough'));
        yield Buffer.alloc(10_000);
      }
    })(),
  );
  await expect(
    storage.put('a.csv', endless, { contentType, signal: controller.signal }),
  ).rejects.toThrow();
  expect(await files()).toEqual(['a.csv']);
  expect(await readFile(join(folder, 'a.csv'), 'utf8')).toBe('before');
});

it('leaves nothing of an upload whose source fails', async () => {
  const failing = Readable.from(
    (async function* () {
      yield 'some';
      throw new Error('the source broke');
    })(),
  );
  await expect(storage.put('a.csv', failing, { contentType })).rejects.toThrow(
    'the source broke',
  );
  expect(await files()).toEqual([]);
});

it.each([
  '',
  '/etc/passwd',
  '../a',
  'a/../../b',
  'a//b',
  '.hidden',
  'a/.b',
  'A',
  'a\\b',
  'a\0',
  `a${'a'.repeat(600)}`,
  'a/',
])('refuses the key %j', async (key) => {
  await expect(
    storage.put(key, Readable.from(['x']), { contentType }),
  ).rejects.toMatchObject({ name: 'ObjectKeyError' });
  await expect(storage.delete(key)).rejects.toMatchObject({
    name: 'ObjectKeyError',
  });
  await expect(storage.open(key)).rejects.toMatchObject({
    name: 'ObjectKeyError',
  });
  await expect(storage.link(key, new Date())).rejects.toMatchObject({
    name: 'ObjectKeyError',
  });
});

it('deletes an object, and minds none that is gone', async () => {
  await storage.put('a.csv', Readable.from(['x']), { contentType });
  await storage.delete('a.csv');
  await storage.delete('a.csv');
  await expect(storage.open('a.csv')).rejects.toMatchObject({
    name: 'ObjectMissingError',
    key: 'a.csv',
  });
});

it('deletes a directory with the last object in it', async () => {
  for (const key of ['a/1/x.csv', 'a/1/y.csv', 'z.csv'])
    await storage.put(key, Readable.from(['x']), { contentType });
  await storage.delete('a/1/x.csv');
  expect(await readdir(join(folder, 'a/1'))).toEqual(['y.csv']);
  await storage.delete('a/1/y.csv');
  expect(await readdir(join(folder, 'a'))).toEqual([]);
  await storage.delete('z.csv');
  await storage.put('a/1/x.csv', Readable.from(['x']), { contentType });
  expect(await files()).toEqual(['x.csv']);
});

it('deletes what killed uploads left, but not one that may still run', async () => {
  await storage.put('a.csv', Readable.from(['x']), { contentType });
  const old = join(folder, '.uploading', 'old');
  await writeFile(old, 'half');
  await writeFile(join(folder, '.uploading', 'new'), 'half');
  await utimes(old, 1_000, 1_000);
  expect(await storage.deleteAbandoned(new Date(2_000_000))).toBe(1);
  expect((await files()).sort()).toEqual(['a.csv', 'new']);
});

it('has nothing abandoned before anything was stored', async () => {
  expect(await storage.deleteAbandoned(new Date())).toBe(0);
});

it('makes no link without a secret, and says what to set', async () => {
  await expect(
    new FolderStorage(options(undefined)).link('a.csv', new Date()),
  ).rejects.toThrow(/EXPORT_LINK_SECRET to be set/);
});
