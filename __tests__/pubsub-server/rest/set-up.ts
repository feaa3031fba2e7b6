import type { PubSubServer } from '../../../src/pubsub-server/index.ts';

export interface Answer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON of whatever was asked for
  readonly body: any;
}

/** Calls the REST API as curl would: `call('PUT', 'projects/test/topics/one', {…})`. */
export const restCaller =
  (server: PubSubServer) =>
  async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`http://${server.address}/v1/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    });
    expect(response.headers.get('content-type')).toBe(
      'application/json; charset=UTF-8',
    );
    return { status: response.status, body: await response.json() };
  };
