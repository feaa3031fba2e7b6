import {
  chmod,
  mkdtemp,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { Job } from '../../../src/pubsub-server/storage/job.ts';
import {
  StorageInUseError,
  StorageRefusedError,
  StorageUnavailableError,
} from '../../../src/pubsub-server/storage/errors.ts';
import { WriterClient } from '../../../src/pubsub-server/storage/writer-client.ts';
import { scratchDirectory } from '../../setup/scratch-directory.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(
    join(await scratchDirectory(), 'nightshift-storage-'),
  );
  file = join(directory, 'pubsub.sqlite');
});

afterEach(() => rm(directory, { recursive: true }));

const batch = (firstId: number, text: string): Job => {
  const requests = Uint8Array.from(Buffer.from(text));
  return {
    batches: {
      numbers: Float64Array.from([firstId, 1, 7, 1000, requests.length]),
      requests,
    },
    operations: [],
  };
};

const open = async (): Promise<WriterClient> =>
  (await WriterClient.open(directory))[0];

const storedTexts = async (writer: WriterClient): Promise<string[]> => {
  const texts: string[] = [];
  for await (const batches of writer.readBatches())
    for (const { request } of batches)
      texts.push(Buffer.from(request).toString());
  return texts;
};

const write = async (...texts: string[]): Promise<void> => {
  const writer = await open();
  for (const [index, text] of texts.entries())
    expect(await writer.write(batch(index + 1, text))).toBeUndefined();
  await writer.close();
};

const refusal = (): Promise<unknown> =>
  open().then(
    async (writer) => {
      // The requests are looked at as they are read.
      try {
        await storedTexts(writer);
      } finally {
        await writer.close();
      }
    },
    (error: unknown) => error,
  );

test('finds what was written, in the order of the ids, for its owner alone', async () => {
  await write('one', 'two');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const writer = await open();
  expect(await storedTexts(writer)).toEqual(['one', 'two']);
  await writer.close();
});

test('takes the eyes of others off a file that was open to them', async () => {
  await write('one');
  await chmod(file, 0o644);
  await write();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('refuses a directory that another server uses, and names its process', async () => {
  const writer = await open();
  const error = await refusal();
  expect(error).toBeInstanceOf(StorageInUseError);
  expect(error).toMatchObject({ directory, pid: process.pid });
  expect(await writer.write(batch(1, 'undisturbed'))).toBeUndefined();
  expect(await refusal()).toBeInstanceOf(StorageInUseError);
  await writer.close();
  const next = await open();
  expect(await storedTexts(next)).toEqual(['undisturbed']);
  await next.close();
});

test('a job that fails in the middle leaves nothing, and can be tried again', async () => {
  await write('one');
  const writer = await open();
  const job = batch(2, 'two');
  const reason = await writer.write({
    ...job,
    operations: [
      ['continueIds', 9],
      ['addFinished', 1, 1, 1],
      ['addFinished', 1, 1, 1],
    ],
  });
  expect(reason).toMatch(/UNIQUE/);
  expect(await storedTexts(writer)).toEqual(['one']);
  expect(await writer.retry()).toMatch(/UNIQUE/);
  await writer.close();
});

test.each<[string, string, (saved: Buffer) => Buffer | undefined]>([
  [
    'cut in the middle',
    'damaged or cut short',
    (saved) => saved.subarray(0, saved.length >> 1),
  ],
  [
    'cut in its header',
    'damaged or cut short',
    (saved) => saved.subarray(0, 60),
  ],
  [
    'with a page of zeros',
    'damaged or cut short',
    (saved) => saved.fill(0, 4096 * 2, 4096 * 4),
  ],
  [
    'that is none',
    'expected the data of a local Pub/Sub server, got something else',
    () => Buffer.from('{ "this": "is something else altogether" }'.repeat(20)),
  ],
])(
  'refuses a file %s, names it, and leaves it alone',
  async (_, reason, change) => {
    await write('one', 'x'.repeat(20_000), 'y'.repeat(20_000));
    await writeFile(file, change(await readFile(file))!);
    const given = await readFile(file);
    const error = await refusal();
    expect(error).toBeInstanceOf(StorageRefusedError);
    expect(error).toMatchObject({
      file,
      message: expect.stringContaining(reason),
    });
    expect((error as Error).message).toContain('move it away');
    expect((await readFile(file)).equals(given)).toBe(true);
  },
);

test('refuses a message that is not as it was written', async () => {
  await write('precious');
  const saved = await readFile(file);
  saved[saved.indexOf('precious')]! ^= 1;
  await writeFile(file, saved);
  const writer = await open();
  await expect(storedTexts(writer)).rejects.toMatchObject({
    name: 'StorageRefusedError',
    message: expect.stringContaining('message 1 is not as it was written'),
  });
  await writer.close();
  expect((await readFile(file)).equals(saved)).toBe(true);
});

test.each([
  ['of a newer version', 'pragma user_version = 2', 'format version 1, got: 2'],
  ['of another program', 'pragma application_id = 77', 'got another database'],
])('refuses a database %s', async (_, change, reason) => {
  await write('one');
  const database = new DatabaseSync(file);
  database.exec(change);
  database.close();
  const given = await readFile(file);
  const error = await refusal();
  expect(error).toBeInstanceOf(StorageRefusedError);
  expect((error as Error).message).toContain(reason);
  expect((await readFile(file)).equals(given)).toBe(true);
});

test('refuses an emptied file whose log still holds something', async () => {
  await writeFile(file, '');
  await writeFile(`${file}-wal`, 'what is left');
  expect(await refusal()).toBeInstanceOf(StorageRefusedError);
  expect(await readFile(`${file}-wal`, 'utf8')).toBe('what is left');
});

test('says that a directory cannot be used when a file is in its place', async () => {
  directory = join(directory, 'place');
  await writeFile(directory, '');
  const error = await refusal();
  expect(error).toBeInstanceOf(StorageUnavailableError);
  expect((error as Error).message).toContain('EEXIST');
  await rm(directory);
  directory = join(directory, '..');
});
