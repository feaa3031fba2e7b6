/**
 * How long the compiler takes for a flow of 50 steps, apart from what it reads anyway.
 *
 *     npx pnpm typecheck:flow
 *
 * Exits with 1 if that is more than five seconds, or if the flow does not compile.
 */
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const mostSeconds = 5;

const file = fileURLToPath(
  new URL('../__tests__/types/flow-of-fifty.ts', import.meta.url),
);
const configFile = fileURLToPath(new URL('../tsconfig.json', import.meta.url));
const { config } = ts.readConfigFile(configFile, (path) =>
  ts.sys.readFile(path),
) as { config: object };
const { options } = ts.parseJsonConfigFileContent(
  config,
  ts.sys,
  fileURLToPath(new URL('..', import.meta.url)),
);
const program = ts.createProgram([file], options);
const source = program.getSourceFile(file);
if (!source) throw new Error(`expected ${file}`);
// What is read anyway is bound first.
program.getTypeChecker();
const since = performance.now();
const diagnostics = program.getSemanticDiagnostics(source);
const seconds = (performance.now() - since) / 1_000;
for (const { messageText } of diagnostics)
  console.error(ts.flattenDiagnosticMessageText(messageText, '\n'));
console.log(`a flow of 50 steps is checked in ${seconds.toFixed(2)} s`);
if (diagnostics.length > 0 || seconds > mostSeconds) process.exitCode = 1;
