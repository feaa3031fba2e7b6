import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What Debezium Server 3 is compiled for. */
const oldest = 21;

/** No Java that runs Debezium Server was found. */
export class JavaMissingError extends Error {
  override readonly name = 'JavaMissingError';

  constructor(readonly found: readonly string[]) {
    super(
      `expected Java ${oldest} or newer, which Debezium Server needs, in JAVA_HOME, on the PATH or in /usr/lib/jvm; ` +
        `found: ${found.join(', ') || 'none'}. Install a JDK and set JAVA_HOME; without one, use the streamer: ` +
        'npx pnpm dev:background',
    );
  }
}

/** The major version that `java -version` tells; `undefined` where there is no Java. */
const majorVersion = async (java: string): Promise<number | undefined> => {
  try {
    const { stderr } = await run(java, ['-version']);
    const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(stderr) ?? [];
    // Java 8 and older say 1.8.
    return first ? Number(first === '1' ? second : first) : undefined;
  } catch {
    return undefined;
  }
};

const installed = async (): Promise<string[]> => {
  const { JAVA_HOME } = process.env;
  const directories = await readdir('/usr/lib/jvm').catch(() => []);
  return [
    ...(JAVA_HOME ? [join(JAVA_HOME, 'bin', 'java')] : []),
    'java',
    ...directories.map((name) => join('/usr/lib/jvm', name, 'bin', 'java')),
  ];
};

/**
 * The first Java that can run Debezium Server: of JAVA_HOME, of the PATH, of the machine's.
 *
 * @param candidates programs to try instead, in order.
 * @throws JavaMissingError
 */
export const findJava = async (
  candidates?: readonly string[],
): Promise<string> => {
  const found: string[] = [];
  for (const java of candidates ?? (await installed())) {
    const version = await majorVersion(java);
    if (version === undefined) continue;
    if (version >= oldest) return java;
    found.push(`${version} (${java})`);
  }
  throw new JavaMissingError(found);
};
