import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Debezium Server as Maven unpacked it. */
export interface Distribution {
  /** Such as `3.6.3.Final`. */
  readonly version: string;
  readonly directory: string;
}

/** Maven is not installed, or could not fetch the distribution. */
export class DistributionError extends Error {
  override readonly name = 'DistributionError';

  constructor(
    readonly version: string,
    readonly output: string,
    options: ErrorOptions,
  ) {
    super(
      `expected \`mvn package\` in debezium/ to fetch Debezium Server ${version}; it needs Maven, a JDK 17 or newer, ` +
        `and a repository that has io.debezium:debezium-server-dist (0.8 GB, once). It said:\n${output}`,
      options,
    );
  }
}

const outputOf = (error: unknown): string => {
  const { code, stdout } = error as { code?: unknown; stdout?: string };
  if (code === 'ENOENT') return 'there is no program named mvn';
  return stdout?.trim().slice(0, 2_000) ?? String(error);
};

/** The version that `pom.xml` names. */
export const declaredVersion = async (): Promise<string> => {
  const pom = await readFile(join(import.meta.dirname, 'pom.xml'), 'utf8');
  const version = /<debezium\.version>(.+)<\/debezium\.version>/.exec(pom)?.[1];
  if (version) return version;
  throw new Error('expected debezium/pom.xml to name a debezium.version');
};

const target = join(import.meta.dirname, 'target');

/** Maven leaves a marker when an archive is unpacked to its end. */
const isUnpacked = async (version: string): Promise<boolean> => {
  const markers = join(target, 'dependency-maven-plugin-markers');
  const names = await readdir(markers).catch(() => []);
  return names.some((name) => name.includes(`-${version}-`));
};

/**
 * The distribution that `pom.xml` names, fetched by Maven into its repository and unpacked into
 * `debezium/target` if it is not there yet.
 *
 * @throws DistributionError
 */
export const ensureDistribution = async (): Promise<Distribution> => {
  const version = await declaredVersion();
  if (!(await isUnpacked(version)))
    await run('mvn', ['-q', '-B', 'package'], {
      cwd: import.meta.dirname,
      maxBuffer: 16 * 1024 * 1024,
    }).catch((error: unknown) => {
      throw new DistributionError(version, outputOf(error), { cause: error });
    });
  return { version, directory: join(target, version, 'debezium-server') };
};
