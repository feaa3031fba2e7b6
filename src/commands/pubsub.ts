import { once } from 'node:events';
import { resolve } from 'node:path';

import { Command, InvalidArgumentError } from 'commander';

import {
  type PubSubServer,
  type PubSubServerOptions,
  startPubSub,
} from '../pubsub-server/index.ts';
import { activityLine } from './pubsub-activity.ts';

/** How often the log tells what happened, in milliseconds. */
const ACTIVITY_INTERVAL = 10_000;

const parsePort = (value: string): number => {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError(
      `expected a port between 0 and 65535, got: ${value}`,
    );
  return port;
};

const parseStreamLimit = (value: string): number => {
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 1)
    throw new InvalidArgumentError(
      `expected a number of streams of at least 1, got: ${value}`,
    );
  return limit;
};

const start = async (options: PubSubServerOptions): Promise<PubSubServer> => {
  try {
    return await startPubSub(options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `expected a free port, got: ${options.host}:${options.port}, which is taken; end what listens there or choose another with --port`,
      { cause: error },
    );
  }
};

/** Logs what happened, now and then, as long as something does. */
const logActivity = (server: PubSubServer): NodeJS.Timeout => {
  let before = server.activity();
  return setInterval(() => {
    const now = server.activity();
    const line = activityLine(before, now, ACTIVITY_INTERVAL / 1000);
    before = now;
    if (line !== undefined) console.log(line);
  }, ACTIVITY_INTERVAL);
};

interface PubSubOptions {
  readonly port: number;
  readonly host: string;
  readonly data?: string;
  readonly streamLimit?: number;
  readonly quiet?: boolean;
}

const serve = async ({
  data,
  quiet = false,
  ...options
}: PubSubOptions): Promise<void> => {
  // Before the server says that it is ready: whoever reads that may stop it at once.
  const asked = Promise.race([
    once(process, 'SIGINT'),
    once(process, 'SIGTERM'),
  ]);
  const directory = data === undefined ? undefined : resolve(data);
  const server = await start({
    ...options,
    ...(directory !== undefined && { data: directory }),
  });
  console.log(`Pub/Sub server on ${server.address}`);
  console.log(
    directory === undefined
      ? 'storage         in memory only: what it holds is lost when it ends; --data keeps it'
      : `storage         ${directory}: what is acknowledged survives kill -9`,
  );
  console.log(`overview        http://${server.address}/`);
  console.log(`export PUBSUB_EMULATOR_HOST=${server.address}`);
  const activity = quiet ? undefined : logActivity(server);
  await asked;
  clearInterval(activity);
  await server.stop();
};

/** `nightshift pubsub`: the local Pub/Sub server alone, until SIGINT or SIGTERM. */
export const pubsubCommand = (): Command =>
  new Command('pubsub')
    .description('run the local Pub/Sub server alone')
    .option(
      '--port <port>',
      'port to listen on, 0 for any free one',
      parsePort,
      8085,
    )
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option(
      '--data <directory>',
      'keep everything on disk there, made if it is missing; in memory only without it',
    )
    .option(
      '--stream-limit <number>',
      'the most calls and streams of one connection, 100 at the real service; no limit without it',
      parseStreamLimit,
    )
    .option('--quiet', 'do not log what happens')
    .addHelpText(
      'after',
      `
Google's clients of any language talk to it through PUBSUB_EMULATOR_HOST, Terraform and Pulumi through
http://host:port/v1/ (pubsub_custom_endpoint). GET / shows what is there, GET /stats the same as JSON,
GET /healthz answers 200 once it serves.

Examples:
  nightshift pubsub --port 0
  nightshift pubsub --data .pubsub --quiet`,
    )
    .action(serve);
