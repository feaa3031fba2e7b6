import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findJava, JavaMissingError } from '../../debezium/java.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nightshift-java-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** A program that says to be Java of a version, where Java says it. */
const java = async (version: string): Promise<string> => {
  const file = join(directory, version);
  await writeFile(
    file,
    `#!/bin/sh\necho 'openjdk version "${version}" 2025-01-01' >&2\n`,
    { mode: 0o755 },
  );
  return file;
};

it('takes the first Java that Debezium Server runs on', async () => {
  const [old, ancient, good, better] = await Promise.all(
    ['17.0.15', '1.8.0_402', '21.0.7', '25'].map(java),
  );
  await expect(
    findJava(['/nowhere/java', old!, ancient!, good!, better!]),
  ).resolves.toBe(good);
});

it('names what it found where none is new enough, and what to do', async () => {
  const old = await java('17.0.15');
  await expect(findJava([old])).rejects.toThrow(JavaMissingError);
  await expect(findJava([old])).rejects.toThrow(
    /expected Java 21.*found: 17 .*JAVA_HOME.*dev:background/,
  );
  await expect(findJava([])).rejects.toThrow('found: none');
});
