import { access, glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const read = (path: string): Promise<string> => readFile(path, 'utf8');

const withoutCode = (text: string): string =>
  text.replace(/^( *)```[\s\S]*?^\1```$/gm, '').replace(/`[^`\n]*`/g, '');

/** The anchors that GitHub makes of a document's headings. */
const anchorsOf = async (path: string): Promise<ReadonlySet<string>> =>
  new Set(
    [...(await read(path)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

const documents: string[] = [];
for await (const path of glob('**/*.md', {
  exclude: (path) => /(^|\/)(node_modules|\.local|fixture)(\/|$)/.test(path),
}))
  documents.push(path);
documents.sort();

const namesIn = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, name]) => name!)),
];

/** What the first column of a document's tables names. */
const firstColumn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => namesIn(line.split(' | ')[0]!, /`([^`]+)`/g));

describe('the documents', () => {
  it('are found', () => {
    expect(documents).toEqual(
      expect.arrayContaining([
        'README.md',
        'docs/jobs.md',
        'src/cdc/AGENTS.md',
      ]),
    );
  });

  test.each(documents)(
    '%s links to files and headings that are there',
    async (path) => {
      for (const link of namesIn(
        withoutCode(await read(path)),
        /(?:\]\(|^\[[^\]]+\]: )([^)\s]+)\)?/gm,
      )) {
        if (/^[a-z]+:/.test(link)) continue;
        const [file, anchor] = link.split('#');
        const target = file ? join(dirname(path), file) : path;
        await expect(access(target).then(() => link)).resolves.toBe(link);
        if (anchor) expect(await anchorsOf(target)).toContain(anchor);
      }
    },
  );

  test.each(documents)(
    '%s names scripts that package.json has',
    async (path) => {
      const { scripts } = JSON.parse(await read('package.json')) as {
        scripts: Record<string, string>;
      };
      for (const script of namesIn(
        await read(path),
        /npx pnpm (?!install\b)([a-z][a-z:0-9-]*)/g,
      ))
        expect(Object.keys(scripts)).toContain(script);
    },
  );

  it('name every script that measures or proves something', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as {
      scripts: Record<string, string>;
    };
    const told = await read('docs/benchmarks.md');
    const proving = Object.keys(scripts).filter((name) =>
      /^(bench|chaos|smoke|test|typecheck):|^chaos$/.test(name),
    );
    expect(proving.length).toBeGreaterThan(15);
    for (const script of proving)
      expect(told).toContain(`npx pnpm ${script}\``);
  });

  it('name every variable of the environment, and no other', async () => {
    const variables = namesIn(
      await read('src/config.ts'),
      /^ {4}([A-Z][A-Z_]+):/gm,
    );
    expect(firstColumn(await read('docs/configuration.md')).sort()).toEqual(
      variables.sort(),
    );
  });

  it('name every command, and no other', async () => {
    const commands = namesIn(
      await read('bin/cli.ts'),
      /^ {2}'?([a-z-]+)'?: async/gm,
    );
    const [table] = (await read('docs/operations.md'))
      .split('## Commands\n')[1]!
      .split('\n## ');
    const told = firstColumn(table!).map((command) => command.split(' ')[0]!);
    expect([...new Set(told)].sort()).toEqual(commands.sort());
  });
});
