import { parentPort, workerData } from 'node:worker_threads';

import type { ParseRequest } from './item.ts';
import { readFeed } from './read-feed.ts';

parentPort?.postMessage(readFeed(workerData as ParseRequest));
