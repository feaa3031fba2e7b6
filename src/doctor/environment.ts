import { type Config, ConfigError, loadConfig } from '../config.ts';
import type { Finding } from './check.ts';

/** The environment as far as it can be read. */
export interface ExaminedEnvironment {
  /** Wrong variables count as not set, so that the other checks can run. */
  readonly config: Config;
  readonly findings: readonly Finding[];
  readonly wrong: ReadonlySet<string>;
}

/** Reads the environment and says what is wrong with it, instead of failing. */
export const examineEnvironment = (
  environment: NodeJS.ProcessEnv,
): ExaminedEnvironment => {
  try {
    return {
      config: loadConfig(environment),
      findings: [
        { level: 'ok', message: 'Every variable of the environment is valid.' },
      ],
      wrong: new Set(),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const wrong = new Set(error.problems.map(({ variable }) => variable));
    return {
      config: loadConfig(
        Object.fromEntries(
          Object.entries(environment).filter(
            // A mail server's address may be missing because of this choice.
            ([name]) => !wrong.has(name) && name !== 'MAIL_TRANSPORT',
          ),
        ),
      ),
      findings: error.problems.map(({ variable, expected, given }) => ({
        level: 'broken',
        message: `${variable} is wrong: ${expected}, got: ${given ?? 'nothing'}.`,
        remedy: `set ${variable} (src/config.ts describes it) and start the processes again`,
      })),
      wrong,
    };
  }
};
