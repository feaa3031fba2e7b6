import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

it('compiles what agrees, and nothing that does not', async () => {
  const compiler = spawn(
    process.execPath,
    [
      here('../../node_modules/typescript/bin/tsc'),
      '--noEmit',
      '--project',
      here('tsconfig.json'),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const output: string[] = [];
  compiler.stdout.setEncoding('utf8');
  compiler.stdout.on('data', (text: string) => output.push(text));
  const [code] = (await once(compiler, 'close')) as [number];
  expect(output.join('')).toBe('');
  expect(code).toBe(0);
});
