import { parentPort, workerData } from 'node:worker_threads';

import type { ParseRequest } from './item.ts';
import { readFeed } from './read-feed.ts';

// Node strips these types itself: this file and what it imports hold no decorators and no enums.
parentPort?.postMessage(readFeed(workerData as ParseRequest));
