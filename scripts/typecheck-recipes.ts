/**
 * Follows the recipes of README.md for a worker, a job and a flow, step by step as they are written, and compiles what
 * comes of it; nothing is written.
 *
 *     npx pnpm typecheck:recipes
 *
 * Exits with 1 if a step does not fit the code, or if the result does not compile.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Files as the recipes leave them, by their path. */
const files = new Map<string, string>();
const read = (path: string): string =>
  files.get(path) ?? readFileSync(join(root, path), 'utf8');

/** Puts an entry first into a table or list of a file. */
const insert = (path: string, list: string, entry: string): void => {
  const text = read(path);
  const begins = new RegExp(`const ${list}\\b[^;]*?= [{[]$`, 'm').exec(text);
  if (!begins) throw new Error(`expected ${path} to have the list ${list}`);
  const at = begins.index + begins[0].length;
  files.set(path, `${text.slice(0, at)}\n${entry}${text.slice(at)}`);
};
const prepend = (path: string, line: string): void => {
  files.set(path, `${line}\n${read(path)}`);
};

/** The blocks of code of a recipe, and what it quotes in its sentences. */
const recipe = (heading: string) => {
  const section = readme.split(`## ${heading}\n`)[1]?.split('\n## ')[0];
  if (section === undefined)
    throw new Error(`expected README.md to have the chapter "${heading}"`);
  const blocks = [...section.matchAll(/^ {3}```ts\n(.*?)^ {3}```/gms)].map(
    ([, block]) => block!.replaceAll(/^ {3}/gm, ''),
  );
  return {
    block: (number: number): string => {
      const block = blocks[number];
      if (block === undefined)
        throw new Error(`expected "${heading}" to have ${number + 1} blocks`);
      return block;
    },
    quoted: (pattern: RegExp): string => {
      const quoted = pattern.exec(section)?.[1];
      if (quoted === undefined)
        throw new Error(`expected "${heading}" to say ${pattern}`);
      return quoted;
    },
  };
};

const worker = recipe('Add a worker in five steps');
insert('src/common/typedPubsub.ts', 'topics', worker.block(0));
insert('src/common/personal-data.ts', 'personalPaths', worker.block(1));
files.set('src/workers/myNewTopic.ts', worker.block(2));
prepend('src/workers/index.ts', worker.quoted(/`(import myNewTopic .*?)`/));
insert(
  'src/workers/index.ts',
  'typedWorkers',
  worker.quoted(/`('api\.my-new-topic': .*?)`/),
);
insert(
  '.infra/common.ts',
  'workers',
  worker.quoted(/`(\{ topic: 'my-new-topic'.*?)`/),
);

const job = recipe('Add a job in four steps');
insert('src/jobs/declarations.ts', 'jobs', job.block(0));
insert('src/jobs/personal-data.ts', 'personalJobPaths', job.block(1));
files.set('src/jobs/handlers/greetUser.ts', job.block(2));
prepend('src/jobs/handlers/index.ts', job.quoted(/`(import greetUser .*?)`/));
insert(
  'src/jobs/handlers/index.ts',
  'handlers',
  job.quoted(/`('greet-user': .*?)`/),
);

const flow = recipe('Add a flow in three steps');
const definitions = 'src/flows/definitions';
files.set(`${definitions}/welcome/flow.ts`, flow.block(0));
prepend(`${definitions}/index.ts`, flow.quoted(/`(import \{ welcome \} .*?)`/));
insert(
  `${definitions}/index.ts`,
  'flows',
  `${flow.quoted(/and `(welcome)` in `flows`/)},`,
);
insert(
  `${definitions}/personal-data.ts`,
  'personalFlowPaths',
  flow.quoted(/`(welcome: \[\[.*?)`/),
);

/** Whoever uses what the recipes made. */
files.set(
  'src/recipes.ts',
  `import type { EntityManager } from 'typeorm';
import { triggerTypedEvent } from './common/typedPubsub.ts';
import { startFlow } from './flows/index.ts';
import { welcome } from './flows/definitions/welcome/flow.ts';
import { createJob, getJob } from './jobs/create-job.ts';
import type { Logger } from './logger.ts';

type Given = { logger: Logger; manager: EntityManager; postId: string; userId: string };
export const event = async ({ logger, manager, postId }: Given) => { ${worker.block(3)} };
export const job = async ({ manager, userId }: Given) => { ${job.block(3)} };
export const flow = async ({ manager, userId }: Given) => { ${flow.block(1)} };
`,
);

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) =>
  ts.sys.readFile(path),
) as { config: object };
const { options, fileNames } = ts.parseJsonConfigFileContent(
  { ...config, include: ['src', '.infra/common.ts'] },
  ts.sys,
  root,
);
const overlaid = new Map(
  [...files].map(([path, text]) => [join(root, path), text]),
);
const folders = new Set([...overlaid.keys()].map((path) => dirname(path)));
const host = ts.createCompilerHost(options);
const program = ts.createProgram(
  [...new Set([...fileNames, ...overlaid.keys()])],
  // What a recipe makes it need not use.
  { ...options, noUnusedLocals: false },
  {
    ...host,
    fileExists: (path) => overlaid.has(path) || host.fileExists(path),
    directoryExists: (path) =>
      folders.has(path) || (host.directoryExists?.(path) ?? true),
    readFile: (path) => overlaid.get(path) ?? host.readFile(path),
    getSourceFile: (path, target, ...others) => {
      const text = overlaid.get(path);
      return text === undefined
        ? host.getSourceFile(path, target, ...others)
        : ts.createSourceFile(path, text, target);
    },
  },
);
const diagnostics = ts.getPreEmitDiagnostics(program);
if (diagnostics.length > 0) {
  console.error(
    ts.formatDiagnosticsWithColorAndContext(diagnostics, {
      ...host,
      getCurrentDirectory: () => root,
    }),
  );
  process.exitCode = 1;
} else
  console.log(
    `the recipes of README.md compile: ${overlaid.size} files written or changed`,
  );
