import { readFile } from 'node:fs/promises';

import { GrowthBookClient } from '@growthbook/growthbook';
import { z } from 'zod';

import { config, type Config } from '../../config.ts';

/** The features cannot be had; a later attempt may succeed. */
export class FeaturesUnavailableError extends Error {
  override readonly name = 'FeaturesUnavailableError';

  constructor(
    readonly source: string,
    cause: unknown,
  ) {
    super(
      `expected GrowthBook features from ${source}, got: ` +
        `${cause instanceof Error ? cause.message : 'no answer'}; check GROWTHBOOK_FEATURES_FILE, ` +
        'or GROWTHBOOK_API_HOST and GROWTHBOOK_CLIENT_KEY',
      { cause },
    );
  }
}

/** How a process learns about its features. */
export type FeatureSource = Pick<
  Config,
  'GROWTHBOOK_API_HOST' | 'GROWTHBOOK_CLIENT_KEY' | 'GROWTHBOOK_FEATURES_FILE'
>;

const requestTimeout = 5_000;
const refreshInterval = 60_000;

const featuresFile = z.object({
  features: z.record(z.string(), z.looseObject({})),
});

const fromFile = async (path: string): Promise<GrowthBookClient> => {
  try {
    const payload = featuresFile.parse(
      JSON.parse(await readFile(path, 'utf8')),
    );
    return new GrowthBookClient().initSync({
      payload,
    });
  } catch (error) {
    throw new FeaturesUnavailableError(path, error);
  }
};

const fromApi = async (
  apiHost: string,
  clientKey: string | undefined,
): Promise<GrowthBookClient> => {
  const client = new GrowthBookClient({ apiHost, clientKey });
  const { success, error } = await client.init({
    timeout: requestTimeout,
    pollingInterval: refreshInterval,
  });
  if (success) return client;
  client.destroy();
  throw new FeaturesUnavailableError(apiHost, error);
};

/**
 * Makes a client: of GrowthBook's API, asked again every minute, if a host is configured, else of
 * the features file, relative to the working directory.
 *
 * @throws FeaturesUnavailableError
 */
export const createGrowthBook = (
  source: FeatureSource,
): Promise<GrowthBookClient> =>
  source.GROWTHBOOK_API_HOST
    ? fromApi(source.GROWTHBOOK_API_HOST, source.GROWTHBOOK_CLIENT_KEY)
    : fromFile(source.GROWTHBOOK_FEATURES_FILE);

let shared: Promise<GrowthBookClient> | undefined;

/** The client of this process, made on first use; a failed attempt is forgotten. */
export const getGrowthBook = (): Promise<GrowthBookClient> =>
  (shared ??= createGrowthBook(config()).catch((error: unknown) => {
    shared = undefined;
    throw error;
  }));
