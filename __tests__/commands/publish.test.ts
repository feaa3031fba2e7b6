import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';
import type { PubSub } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';

import { publishCommand } from '../../src/commands/publish.ts';
import { Outbox } from '../../src/entity/index.ts';
import { MatchedCandidateSchema } from '../../src/generated/gondul/v1/matched_candidate_pb.ts';
import { provision } from '../../src/provision/broker.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import {
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { runCommand } from './run-command.ts';

let database: TestDatabase;
let server: PubSubServer;
let pubsub: PubSub;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nightshift-publish-'));
  database = await createTestDatabase();
  server = await startPubSub();
  process.env.DATABASE_URL = database.url;
  process.env.PUBSUB_EMULATOR_HOST = server.address;
  process.env.PUBSUB_PROJECT_ID = 'test';
  pubsub = createPublisherClient({
    projectId: 'test',
    emulatorHost: server.address,
  });
  await provision(pubsub, { createForeignTopics: true });
});

afterAll(async () => {
  await pubsub.close();
  await server.stop();
  await database.drop();
  await rm(directory, { recursive: true });
});

const publish = (...args: string[]) => runCommand(publishCommand(), ...args);

const nextMessage = async (subscriptionName: string) => {
  const subscription = pubsub.subscription(subscriptionName);
  const message = await new Promise<{
    attributes: Record<string, string>;
    data: Buffer;
    orderingKey?: string;
  }>((resolve, reject) => {
    subscription.on('error', reject);
    subscription.on('message', (received) => {
      received.ack();
      resolve(received);
    });
  });
  await subscription.close();
  return message;
};

describe('nightshift publish', () => {
  it('writes an event to the outbox and prints its id', async () => {
    const payload = { userId: uuidv7() };
    const { output, exitCode } = await publish(
      'user-created',
      JSON.stringify(payload),
      '--ordering-key',
      'k',
      '--json',
    );
    expect(exitCode).toBe(0);
    const { eventId, road } = JSON.parse(output);
    expect(road).toBe('outbox');
    const row = await database.dataSource
      .getRepository(Outbox)
      .findOneByOrFail({ id: eventId });
    expect(row).toMatchObject({ topic: 'user-created', orderingKey: 'k' });
    expect(JSON.parse(row.payload.toString())).toEqual(payload);
  });

  it('publishes directly, past the outbox, with --direct', async () => {
    const { output } = await publish(
      'user-created',
      JSON.stringify({ userId: uuidv7() }),
      '--direct',
      '--json',
    );
    const { eventId } = JSON.parse(output);
    const message = await nextMessage('api.experiment-allocated');
    expect(message.attributes).toEqual({
      id: eventId,
      eventType: 'user-created',
    });
    expect(
      await database.dataSource.getRepository(Outbox).existsBy({ id: eventId }),
    ).toBe(false);
  });

  it('encodes Protobuf JSON from a file, without an event id for a topic of others', async () => {
    const file = join(directory, 'match.json');
    const match = { userId: uuidv7(), opportunityId: uuidv7(), rank: 0.5 };
    await writeFile(file, JSON.stringify(match));
    const { exitCode, output } = await publish(
      'gondul.v1.candidate-opportunity-match',
      '--file',
      file,
    );
    expect(exitCode).toBe(0);
    expect(output).toMatch(/is published as message \S+/);
    const message = await nextMessage('api.store-candidate-opportunity-match');
    expect(message.attributes).toEqual({});
    expect(fromBinary(MatchedCandidateSchema, message.data)).toMatchObject(
      match,
    );
  });

  it.each<[string, string[], RegExp]>([
    ['a wrong field', ['user-created', '{"userId":"7"}'], /userId: /],
    ['text that is not JSON', ['user-created', '{'], /expected JSON/],
    ['no payload', ['user-created'], /got neither/],
    ['two payloads', ['user-created', '{}', '--file', 'x'], /got both/],
    ['a mistyped topic', ['user-craeted', '{}'], /did you mean user-created/],
    ['an unknown topic', ['zzz', '{}'], /Topics:\n.*post-upvoted/s],
    ['a topic of row changes', ['api.changes', '{}'], /change a row instead/],
    [
      'a wrong Protobuf field',
      ['gondul.v1.candidate-opportunity-match', '{"rank":"high"}'],
      /MatchedCandidate as Protobuf JSON/,
    ],
    [
      'an ordering key that is too long',
      ['user-created', '{"userId":"x"}', '--ordering-key', 'k'.repeat(1025)],
      /at most 1024 bytes/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const { exitCode, error } = await publish(...args);
    expect(exitCode).toBe(1);
    expect(error?.message).toMatch(message);
  });
});
