import { jest } from '@jest/globals';
import type { Command } from 'commander';

/** What a command did, as a shell would see it. */
export interface CommandResult {
  readonly exitCode: number;
  /** Lines of the standard output. */
  readonly output: string;
  /** What the command failed with; the command line shows its message. */
  readonly error: Error | undefined;
}

/** Errors instead of exits, also in the commands below. */
const tamed = (command: Command): Command => {
  for (const below of command.commands) tamed(below);
  return command.exitOverride().configureOutput({ writeErr: () => undefined });
};

/** Runs a command in this process. One at a time: output and exit code belong to the process. */
export const runCommand = async (
  command: Command,
  ...args: readonly string[]
): Promise<CommandResult> => {
  const lines: string[] = [];
  const log = jest
    .spyOn(console, 'log')
    .mockImplementation((line: unknown) => void lines.push(String(line)));
  const exitCodeBefore = process.exitCode;
  process.exitCode = 0;
  let error: Error | undefined;
  try {
    await tamed(command).parseAsync([...args], { from: 'user' });
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  } finally {
    log.mockRestore();
  }
  const exitCode = error ? 1 : Number(process.exitCode);
  process.exitCode = exitCodeBefore;
  return { exitCode, output: lines.join('\n'), error };
};
