import type { Topic } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';

/** Messages that are published at once. */
const BATCH = 5_000;

/** 200 bytes of JSON, with the moment at which it was made. */
const payload = (): Buffer => {
  const message = {
    postId: uuidv7(),
    userId: uuidv7(),
    sentAt: performance.timeOrigin + performance.now(),
    filler: '',
  };
  const bare = JSON.stringify(message).length;
  return Buffer.from(
    JSON.stringify({ ...message, filler: 'x'.repeat(Math.max(0, 200 - bare)) }),
  );
};

/** Publishes one message. */
export const send = (topic: Topic): Promise<string> =>
  topic.publishMessage({ data: payload(), attributes: { id: uuidv7() } });

/** Publishes as many messages as fast as the topic takes them. */
export const publishMany = async (
  topic: Topic,
  messages: number,
): Promise<void> => {
  for (let sent = 0; sent < messages; sent += BATCH)
    await Promise.all(
      Array.from({ length: Math.min(BATCH, messages - sent) }, () =>
        send(topic),
      ),
    );
};
