import { Writable } from 'node:stream';

import { pino } from 'pino';
import { z } from 'zod';

import { personalPaths } from '../../src/common/personal-data.ts';
import { topics } from '../../src/common/typedPubsub.ts';
import { jsonTopic, type TopicDefinition } from '../../src/events/topic.ts';
import { handleMessage } from '../../src/host/handle.ts';
import { loggedFields } from '../../src/host/logged-fields.ts';
import { useTestDatabase } from '../helpers.ts';
import { servedWorker, Stage } from '../host/set-up.ts';

const database = useTestDatabase();

const postId = 'a3e1b8f0-6f5b-4d3c-9e57-0d9c3a1f2b44';
const userId = 'c0ffee00-6f5b-4d3c-9e57-0d9c3a1f2b44';

/** What the host logs of a message whose handler fails. */
const logOf = async (topic: string, data: unknown) => {
  const lines: string[] = [];
  const logger = pino(
    { level: 'debug' },
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    }),
  );
  const stage = await Stage.open();
  try {
    await handleMessage(
      { dataSource: database.con, logger, pubsub: stage.client },
      servedWorker({
        topic,
        run: () => Promise.reject(new Error('out of order')),
      }),
      {
        data: Buffer.from(JSON.stringify(data)),
        messageId: '1',
        attributes: { id: `event of ${topic}` },
        publishTime: new Date(0),
        deliveryAttempt: 1,
        orderingKey: '',
        signal: new AbortController().signal,
      },
    );
  } finally {
    await stage.close();
  }
  return lines.join('');
};

describe('the log line of a failure', () => {
  it('shows the fields that the topic allows, and no other', async () => {
    const line = await logOf('post-upvoted', { postId, userId });
    expect(JSON.parse(line)).toMatchObject({
      failure: 'handler',
      fields: { postId },
    });
    expect(line).not.toContain(userId);
  });

  it('shows nothing of a topic that allows nothing', async () => {
    const line = await logOf('user-created', { userId });
    expect(JSON.parse(line)).not.toHaveProperty('fields');
    expect(line).not.toContain(userId);
  });
});

describe('allowed fields', () => {
  it('are plain values, cut when long', () => {
    expect(loggedFields('post-upvoted', { postId: { deep: userId } })).toBe(
      undefined,
    );
    expect(
      loggedFields('post-upvoted', { postId: 'x'.repeat(1_000) })?.['postId'],
    ).toHaveLength(200);
    expect(loggedFields('post-upvoted', null)).toBe(undefined);
    expect(loggedFields('constructor', { name: 'x' })).toBe(undefined);
  });

  it('have to be fields of the schema', () => {
    const schema = z.object({ postId: z.string() });
    // @ts-expect-error -- a misspelt field does not compile.
    jsonTopic(schema, { logged: ['postID'] });
    expect(jsonTopic(schema).logged).toEqual([]);
  });

  it('never name a person: no erasure reaches a log', () => {
    const definitions: Record<string, TopicDefinition> = topics;
    for (const [topic, paths] of Object.entries(personalPaths)) {
      const definition = definitions[topic]!;
      const allowed = 'logged' in definition ? definition.logged : [];
      for (const [field] of paths) expect(allowed).not.toContain(field);
    }
  });
});
