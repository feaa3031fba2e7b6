import { openHome } from './home.ts';
import { Lease } from './lease.ts';
import { visitor } from './lease-protocol.ts';
import { readState, type StackState } from './stack-state.ts';

type Environment = Record<string, string | undefined>;

const variables = (state: StackState): Environment => ({
  DATABASE_URL: state.databaseUrl,
  PUBSUB_EMULATOR_HOST: state.pubsubAddress,
  // Google's libraries look for a cloud's metadata server otherwise, for seconds.
  METADATA_SERVER_DETECTION: 'none',
});

/** Points an environment to a local stack; what is set already stays. */
export const useStack = (state: StackState, environment: Environment): void => {
  for (const [name, value] of Object.entries(variables(state)))
    environment[name] ||= value;
};

/**
 * For commands that find the local stack by themselves: points the environment to the one that runs
 * in NIGHTSHIFT_HOME, unless this is production or both addresses are set.
 *
 * @returns whether both addresses are known now.
 */
export const findLocalStack = async (
  environment: Environment = process.env,
): Promise<boolean> => {
  const { DATABASE_URL, PUBSUB_EMULATOR_HOST, NODE_ENV, NIGHTSHIFT_HOME } =
    environment;
  if ((DATABASE_URL && PUBSUB_EMULATOR_HOST) || NODE_ENV === 'production')
    return true;
  const state = await readState(await openHome(NIGHTSHIFT_HOME || '.local'));
  const lease = state && (await Lease.take(state, visitor));
  if (!state || !lease) return false;
  await lease.release();
  useStack(state, environment);
  return true;
};
