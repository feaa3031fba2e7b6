import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import { CRC32C } from '@google-cloud/storage';

export interface BucketServer {
  /** For the client's `apiEndpoint`. */
  readonly url: string;
  readonly objects: ReadonlyMap<
    string,
    { readonly body: Buffer; readonly contentType: string }
  >;
  /** Uploads that were begun, finished or not. */
  readonly begun: () => number;
  close(): Promise<void>;
}

const answer = (
  response: ServerResponse,
  status: number,
  body?: unknown,
  headers = {},
): void => {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...headers,
  });
  response.end(body === undefined ? '' : JSON.stringify(body));
};

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>)
    chunks.push(chunk);
  return Buffer.concat(chunks);
};

/**
 * As much of Cloud Storage's JSON API as one resumable upload and a deletion take; no stand-in for the
 * service: it neither authenticates nor resumes.
 */
export const startBucketServer = async (): Promise<BucketServer> => {
  const objects = new Map<string, { body: Buffer; contentType: string }>();
  const sessions = new Map<string, { name: string; contentType: string }>();
  const handle = async (
    request: IncomingMessage,
    response: ServerResponse,
    origin: string,
  ): Promise<void> => {
    const url = new URL(request.url ?? '/', origin);
    const session = url.searchParams.get('upload_id');
    if (request.method === 'POST' && url.pathname.startsWith('/upload/')) {
      await bodyOf(request);
      const id = String(sessions.size + 1);
      const contentType = String(request.headers['x-upload-content-type']);
      sessions.set(id, {
        name: url.searchParams.get('name') ?? '',
        contentType,
      });
      answer(response, 200, undefined, {
        location: `${origin}${url.pathname}?upload_id=${id}`,
      });
    } else if (request.method === 'PUT' && session !== null) {
      const begun = sessions.get(session);
      // A connection that breaks off throws here, so that nothing is stored.
      const body = await bodyOf(request);
      if (!begun) return answer(response, 404);
      objects.set(begun.name, { body, contentType: begun.contentType });
      const checksum = new CRC32C();
      checksum.update(body);
      answer(response, 200, {
        name: begun.name,
        size: String(body.length),
        crc32c: checksum.toString(),
      });
    } else if (request.method === 'DELETE') {
      const name = decodeURIComponent(url.pathname.split('/o/')[1] ?? '');
      answer(response, objects.delete(name) ? 204 : 404, undefined);
    } else
      answer(response, 400, {
        error: { code: 400, message: `${request.method} ${url.pathname}` },
      });
  };
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    handle(request, response, `http://127.0.0.1:${port}`).catch(() =>
      response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    begun: () => sessions.size,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
