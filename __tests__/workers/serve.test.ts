import { randomUUID } from 'node:crypto';

import {
  personalizedDigestWorkers as declaredDigestWorkers,
  type SubscriptionDeclaration,
  workers as declaredWorkers,
} from '../../.infra/common.ts';
import { topics } from '../../src/common/typedPubsub.ts';
import {
  personalizedDigestWorkers,
  typedWorkers,
  workers,
} from '../../src/workers/index.ts';
import { InvalidPayloadError } from '../../src/workers/payload.ts';
import {
  DeclarationError,
  MisplacedWorkerError,
  servedWorker,
  servedWorkers,
} from '../../src/workers/serve.ts';
import {
  type RawMessage,
  UnparsableMessageError,
} from '../../src/workers/worker.ts';

const message = (
  data: Buffer | string,
  attributes: Record<string, string> = {},
): RawMessage => ({
  data: Buffer.from(data),
  attributes,
  messageId: '1',
  publishTime: new Date(),
  deliveryAttempt: 1,
  orderingKey: '{"id":"1"}',
  signal: new AbortController().signal,
});

const served = (subscription: string) => {
  const worker = servedWorkers({ ...typedWorkers, ...workers }).find(
    (candidate) => candidate.subscription === subscription,
  );
  if (!worker) throw new Error(`no worker of ${subscription}`);
  return worker;
};

const thrownBy = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('expected the call to throw');
};

describe('the registry', () => {
  it('serves every declared subscription, each once', () => {
    const declared: readonly SubscriptionDeclaration[] = [
      ...declaredWorkers,
      ...declaredDigestWorkers,
    ];
    const all = servedWorkers({
      ...typedWorkers,
      ...workers,
      ...personalizedDigestWorkers,
    });
    expect(all.map(({ subscription }) => subscription).sort()).toEqual(
      declared.map(({ subscription }) => subscription).sort(),
    );
    for (const { topic } of all) expect(Object.keys(topics)).toContain(topic);
  });

  it('refuses a worker that stands under another’s subscription', () => {
    expect(
      thrownBy(() =>
        servedWorkers({
          'post-upvoted-rep':
            typedWorkers['api.article-upvote-milestone-notification'],
        }),
      ),
    ).toEqual(
      new MisplacedWorkerError(
        'post-upvoted-rep',
        'api.article-upvote-milestone-notification',
      ),
    );
  });

  it('refuses a worker whose subscription is not declared', () => {
    const worker = {
      ...typedWorkers['post-upvoted-rep'],
      subscription: 'post-upvoted-rap',
    };
    expect(thrownBy(() => servedWorker(worker))).toEqual(
      new DeclarationError('post-upvoted-rap', 0),
    );
  });
});

describe('a served worker', () => {
  it('takes its limits from the declaration and from the worker', () => {
    expect(served('api-cdc')).toMatchObject({
      topic: 'api.changes',
      ordered: true,
      ackDeadlineSeconds: 60,
      maxMessages: 20,
      maxFailures: 5,
      retryBackoff: { minimumSeconds: 1, maximumSeconds: 600 },
      transactional: false,
    });
    expect(served('post-upvoted-rep')).toMatchObject({
      topic: 'post-upvoted',
      ordered: false,
      maxMessages: 5,
      timeoutSeconds: 60,
      transactional: true,
    });
  });

  it('drops fields that its schema does not know, because publishers may be newer', () => {
    const payload = { postId: randomUUID(), userId: randomUUID() };
    const text = JSON.stringify({ ...payload, added: 'later' });
    expect(served('post-upvoted-rep').parse(message(text))).toEqual(payload);
  });

  it('lists every problem of an invalid payload, and none of its values', () => {
    const text = JSON.stringify({ postId: 'my-secret', userId: 4_242 });
    const error = thrownBy(() =>
      served('post-upvoted-rep').parse(message(text)),
    );
    expect(error).toBeInstanceOf(InvalidPayloadError);
    expect((error as InvalidPayloadError).problems).toEqual([
      expect.stringMatching(/^postId: /),
      expect.stringMatching(/^userId: /),
    ]);
    expect(String(error)).not.toMatch(/my-secret|4242/);
  });

  it('names twenty problems of a thousand, and says how many are left', () => {
    const error = new InvalidPayloadError(
      'topic',
      Array.from({ length: 1_000 }, (_, index) => `list.${index}: wrong`),
    );
    expect(error.message).toContain('list.19: wrong; and 980 more.');
    expect(error.message).not.toContain('list.20:');
  });

  it('does not quote a payload that is not JSON', () => {
    const error = thrownBy(() =>
      served('post-upvoted-rep').parse(message('my-secret')),
    );
    expect(error).toBeInstanceOf(UnparsableMessageError);
    expect(String((error as Error).stack)).not.toContain('my-secret');
    expect((error as Error).cause).toBeUndefined();
  });

  it('knows an event by its attribute id, and messages of other systems not at all', () => {
    const worker = served('post-upvoted-rep');
    expect(worker.eventId(message('{}', { id: 'a' }))).toBe('a');
    expect(worker.eventId(message('{}'))).toBeUndefined();
    expect(
      served('api.store-candidate-opportunity-match').eventId(
        message('', { id: 'a' }),
      ),
    ).toBeUndefined();
  });

  it('knows a row change by itself: its row, transaction and position', () => {
    const change = (op: string, lsn: number) => ({
      ...message(
        JSON.stringify({
          payload: {
            op,
            source: {
              name: 'nightshift',
              txId: 7,
              lsn,
              schema: 'public',
              table: 'user',
            },
          },
        }),
      ),
    });
    const { eventId } = served('api-cdc');
    expect(eventId(change('u', 1))).toBe(eventId(change('u', 1)));
    expect(eventId(change('u', 1))).not.toBe(eventId(change('u', 2)));
    expect(eventId({ ...change('u', 1), orderingKey: '{"id":"2"}' })).not.toBe(
      eventId(change('u', 1)),
    );
    expect(eventId(message('{"payload":{"ts_ms":1}}'))).toBeUndefined();
  });

  it('gives a row change no event id if it cannot be read', () => {
    expect(served('api-cdc').eventId(message('not json'))).toBeUndefined();
    expect(served('api-cdc').eventId(message('null'))).toBeUndefined();
  });
});
