import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runChild } from '../child.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const infra = join(root, '.infra');

/** A run of one command may take this long, in milliseconds. */
const timeout = 180_000;

/** A command's end and all that it printed. */
export interface Run {
  readonly code: number | null;
  readonly output: string;
}

/** The program in a folder of its own, because Pulumi writes into the files of stacks. */
export interface Project {
  readonly stack: string;
  /** Id of the project of Google Cloud that the stack is for. */
  readonly project: string;
  /** host:port of the Pub/Sub server. */
  readonly address: string;
  /** Runs `pulumi` with the stack selected. @throws Error if it is not installed or takes too long. */
  readonly pulumi: (...parameters: string[]) => Promise<Run>;
  /** Runs `nightshift` on the same server. */
  readonly nightshift: (...parameters: string[]) => Promise<Run>;
}

/** The plugins that stand in for the providers: named and numbered as the program asks for them. */
const writePlugins = async (folder: string): Promise<void> => {
  await mkdir(folder);
  for (const name of ['gcp', 'kubernetes']) {
    const { version } = JSON.parse(
      await readFile(
        join(infra, 'node_modules', '@pulumi', name, 'package.json'),
        'utf8',
      ),
    ) as { version: string };
    await writeFile(
      join(folder, `pulumi-resource-${name}`),
      `#!/bin/sh\ncd '${infra}' && exec node --import tsx smoke/provider.ts ${version} "$@"\n`,
      { mode: 0o755 },
    );
  }
};

/**
 * Lays the program out in `folder`, with its state beside it.
 *
 * @param signal Ends what runs.
 */
export const openProject = async (
  folder: string,
  stack: string,
  address: string,
  signal: AbortSignal,
): Promise<Project> => {
  const program = join(folder, 'program');
  const plugins = join(folder, 'plugins');
  const state = join(folder, 'state');
  await mkdir(program, { recursive: true });
  await mkdir(state);
  const run = async (
    command: readonly [string, ...string[]],
    cwd: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Run> => {
    const lines: string[] = [];
    const end = await runChild({
      command,
      cwd,
      env: { PUBSUB_EMULATOR_HOST: address, ...env },
      timeout,
      signal,
      onLine: (line) => lines.push(line),
    });
    if (end.kind === 'missing')
      throw new Error(
        `expected ${end.command} on the PATH, found none; install Pulumi and its language host for Node`,
      );
    if (end.kind !== 'exited')
      throw new Error(
        `expected ${command.join(' ')} to end, it ${end.kind}:\n${lines.join('\n')}`,
      );
    return { code: end.code, output: lines.join('\n') };
  };
  await run(
    ['npx', '--yes', 'pnpm', 'install', '--frozen-lockfile'],
    infra,
    {},
  );
  for (const file of await readdir(infra))
    if (/^Pulumi\..*yaml$/.test(file))
      await copyFile(join(infra, file), join(program, file));
    else if (!['tsconfig.json', '__tests__'].includes(file))
      await symlink(join(infra, file), join(program, file));
  await writeFile(
    join(program, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json') }),
  );
  await writePlugins(plugins);
  const project = /^ {2}gcp:project: (.+)$/m.exec(
    await readFile(join(program, `Pulumi.${stack}.yaml`), 'utf8'),
  )?.[1];
  if (project === undefined)
    throw new Error(`expected gcp:project in Pulumi.${stack}.yaml, got none`);
  return {
    stack,
    project,
    address,
    pulumi: (...parameters) =>
      run(
        [
          'pulumi',
          ...parameters,
          '--stack',
          stack,
          '--non-interactive',
          '--color=never',
        ],
        program,
        {
          PATH: `${plugins}:${process.env.PATH}`,
          GOOGLE_PROJECT: project,
          PULUMI_BACKEND_URL: `file://${state}`,
          PULUMI_CONFIG_PASSPHRASE: '',
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
          PULUMI_HOME: join(folder, 'home'),
          PULUMI_SKIP_UPDATE_CHECK: 'true',
          // Language hosts before 2023 do not pass `nodeargs` of Pulumi.yaml on.
          NODE_OPTIONS: '--import tsx',
        },
      ),
    nightshift: (...parameters) =>
      run(
        [process.execPath, '--import', 'tsx', 'bin/cli.ts', ...parameters],
        root,
        { PUBSUB_PROJECT_ID: project },
      ),
  };
};
