import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

import { z } from 'zod';

/**
 * A lease on the local stack is an open connection to its process: the stack runs as long as
 * somebody holds one. A lessee that dies, however it dies, lets go of its lease, because the operating
 * system closes its connections. Both sides send JSON, a line each.
 */
export const lesseeMessage = z.discriminatedUnion('type', [
  /** First line: who wants a lease, for example `background`. */
  z.object({ type: z.literal('hello'), token: z.string(), role: z.string() }),
  /** Schema and topics are ready: stream changes. Answered by `streaming`. */
  z.object({ type: z.literal('stream') }),
  /**
   * The lessee streams changes itself, until it leaves: the stack's streamer stops. Answered by
   * `handed-over`.
   */
  z.object({ type: z.literal('take-over') }),
  /** Where the lessee can be reached. */
  z.object({ type: z.literal('announce'), url: z.string() }),
  /**
   * The lessee is done. The connection ends when others go on using the stack, or else when the stack
   * has stopped.
   */
  z.object({ type: z.literal('goodbye') }),
]);

export const stackMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('welcome') }),
  z.object({ type: z.literal('refused'), reason: z.string() }),
  z.object({ type: z.literal('streaming') }),
  z.object({ type: z.literal('handed-over') }),
  z.object({ type: z.literal('failed'), reason: z.string() }),
  /** Everybody who holds a lease, whenever that changes. */
  z.object({
    type: z.literal('lessees'),
    lessees: z.array(
      z.object({ role: z.string(), url: z.string().optional() }),
    ),
  }),
]);

/** The role of somebody who only looks: the stack does not stop because they leave. */
export const visitor = 'visitor';

export type LesseeMessage = z.infer<typeof lesseeMessage>;
export type StackMessage = z.infer<typeof stackMessage>;

/** Bytes of a line. */
const longestLine = 64 * 1_024;

export const send = (
  socket: Socket,
  message: LesseeMessage | StackMessage,
): void => {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
};

/** Hands over each line that follows the schema; any other ends the connection. */
export const receive = <Message>(
  socket: Socket,
  schema: z.ZodType<Message>,
  handle: (message: Message) => void,
): void => {
  let unfinished = 0;
  socket.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf('\n');
    unfinished =
      end === -1 ? unfinished + chunk.length : chunk.length - end - 1;
    // Whoever sends one line without an end would fill the memory.
    if (unfinished > longestLine) socket.destroy();
  });
  createInterface({ input: socket }).on('line', (line) => {
    let message: Message;
    try {
      message = schema.parse(JSON.parse(line));
    } catch {
      socket.destroy();
      return;
    }
    handle(message);
  });
};
