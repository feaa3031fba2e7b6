import { join } from 'node:path';

import { useStack } from './environment.ts';
import { developmentSecret, openHome } from './home.ts';
import { freePort } from './ports.ts';
import { ensureLocalStack, type LocalStack } from './stack.ts';

/** Ports where people look first, by the variable that says otherwise. */
const usualPorts = { PORT: 5000, HEALTH_PORT: 5001 } as const;

/** Runs the stack, as arguments for Node, from whatever directory. */
const stackCommand = [
  '--import',
  import.meta.resolve('tsx/esm'),
  join(import.meta.dirname, '../../bin/cli.ts'),
  'local',
  'run',
];

/** A stack, and what was found on the way that people should know. */
export interface EnteredStack extends LocalStack {
  readonly directory: string;
  readonly remarks: readonly string[];
}

/**
 * Takes a lease on the stack of NIGHTSHIFT_HOME, started if none runs, and points this process's
 * environment to it: addresses, secrets for the API, ports. Nothing may read the config before.
 *
 * @throws StackStartError
 */
export const enterStack = async (role: string): Promise<EnteredStack> => {
  const remarks: string[] = [];
  const home = await openHome(process.env.NIGHTSHIFT_HOME || '.local');
  process.env.API_SECRET ||= await developmentSecret(home.apiSecret);
  process.env.OPERATOR_SECRET ||= await developmentSecret(home.operatorSecret);
  process.env.JOB_API_SECRET ||= await developmentSecret(home.jobApiSecret);
  process.env.WORKER_INVOCATION_SECRET ||= await developmentSecret(
    home.workerSecret,
  );
  const stack = await ensureLocalStack(home, stackCommand, role);
  for (const variable of ['DATABASE_URL', 'PUBSUB_EMULATOR_HOST'] as const)
    if (process.env[variable]) {
      delete process.env[variable];
      remarks.push(`${variable} is set, but dev uses the local stack's own`);
    }
  useStack(stack.state, process.env);
  const variable = role === 'api' ? 'PORT' : 'HEALTH_PORT';
  if (!process.env[variable]) {
    const usual = usualPorts[variable];
    const port = await freePort(usual);
    process.env[variable] = String(port);
    if (port !== usual)
      remarks.push(`port ${usual} is taken; using ${port} (see ${variable})`);
  }
  return { ...stack, directory: home.directory, remarks };
};
