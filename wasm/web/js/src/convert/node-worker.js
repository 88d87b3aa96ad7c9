// The program of a worker in Node.

import { parentPort, workerData } from 'node:worker_threads';

import { node } from './node-host.js';
import { serve } from './serve.js';

await serve(workerData, node, (message, transfer) => parentPort?.postMessage(message, /** @type {any} */ (transfer)));
