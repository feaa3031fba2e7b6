import { glob, readFile } from 'node:fs/promises';
import { dirname, join, matchesGlob } from 'node:path';

const dockerfile = await readFile('Dockerfile', 'utf8');
const packageJson = JSON.parse(await readFile('package.json', 'utf8')) as {
  scripts: { nightshift: string };
  dependencies: { node: string };
};
const ignored = (await readFile('.dockerignore', 'utf8')).trim().split('\n');

/** What the build copies from the repository, by stage; the last is the image. */
const stages = dockerfile
  .split(/^FROM /m)
  .map((stage) =>
    [...stage.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, paths]) =>
      paths!.split(' ').slice(0, -1),
    ),
  );
const copied = stages.at(-1)!;

/** The last pattern that finds a path or a folder above it decides. */
const isSent = (path: string): boolean => {
  const parts = path.split('/');
  const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  let sent = true;
  for (const line of ignored) {
    const again = line.startsWith('!');
    const pattern = again ? line.slice(1) : line;
    // Docker's star finds names with a dot before them too.
    if (pattern === '*' || above.some((one) => matchesGlob(one, pattern)))
      sent = again;
  }
  return sent;
};

describe('Dockerfile', () => {
  test.each([...new Set(stages.flat())])(
    'is sent %s to copy',
    async (source) => {
      const [found] = await Array.fromAsync(glob(source));
      expect(found).toBe(source);
      expect(isSent(source)).toBe(true);
    },
  );

  test.each([
    'node_modules',
    '.infra/Pulumi.prod.yaml',
    '.env',
    'dashboard/dist/index.html',
    'scripts/schema-snapshot.ts',
  ])('is not sent %s', (path) => {
    expect(isSent(path)).toBe(false);
  });

  test('copies every file that the processes import', async () => {
    for await (const path of glob('{src,bin}/**/*.ts')) {
      const text = await readFile(path, 'utf8');
      for (const [, from] of text.matchAll(/(?:from|import) '(\.[^']+)'/g)) {
        const target = join(dirname(path), from!);
        expect(
          copied.some((one) => target === one || target.startsWith(`${one}/`)),
        ).toBe(true);
      }
    }
  });

  test('starts with what is installed for production', () => {
    const [command, ...args] = JSON.parse(
      /^ENTRYPOINT (.+)$/m.exec(dockerfile)![1]!,
    ) as string[];
    expect([command, ...args]).toEqual(
      packageJson.scripts.nightshift.split(' '),
    );
    expect(Object.keys(packageJson.dependencies)).toContain('tsx');
    expect(dockerfile).toMatch(/^FROM node:24-/m);
    expect(packageJson.dependencies.node).toMatch(/^24\./);
    // Who is root in a container is root where it escapes to.
    expect(dockerfile).toMatch(/\nUSER node\n/);
  });
});
