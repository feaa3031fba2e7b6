import { join } from 'node:path';

type Command = readonly [string, ...string[]];

/** How the program of one language is made ready and run. */
export interface Language {
  readonly name: string;
  /** Each prints its version and ends with 0 where the toolchain is at hand. */
  readonly toolchain: readonly Command[];
  /** Fetches what is pinned and compiles, into the scratch folder alone. */
  readonly prepare: readonly Command[];
  readonly run: Command;
}

/** A table of the languages by name; `scratch` is an empty folder of the run's own. */
export const languagesIn = (scratch: string): readonly Language[] => {
  const goProgram = join(scratch, 'smoke-go');
  const javaFolder = join(scratch, 'java');
  const classPath = join(scratch, 'class-path');
  const python = join(scratch, 'venv', 'bin', 'python');
  return [
    {
      name: 'go',
      toolchain: [['go', 'version']],
      prepare: [['go', 'build', '-mod=readonly', '-o', goProgram, '.']],
      run: [goProgram],
    },
    {
      name: 'java',
      toolchain: [
        ['java', '-version'],
        ['mvn', '--version'],
      ],
      prepare: [
        [
          'mvn',
          '--quiet',
          '--batch-mode',
          `-Dsmoke.directory=${javaFolder}`,
          `-Dmdep.outputFile=${classPath}`,
          'compile',
          'dependency:build-classpath',
        ],
      ],
      run: [
        'sh',
        '-c',
        'exec java -cp "$0:$(cat "$1")" Smoke',
        join(javaFolder, 'classes'),
        classPath,
      ],
    },
    {
      name: 'python',
      toolchain: [['python3', '-c', 'import venv, ensurepip']],
      prepare: [
        ['python3', '-m', 'venv', join(scratch, 'venv')],
        [
          python,
          '-m',
          'pip',
          'install',
          '--quiet',
          '--disable-pip-version-check',
          '--requirement',
          'requirements.txt',
        ],
      ],
      run: [python, '-B', 'smoke.py'],
    },
  ];
};
