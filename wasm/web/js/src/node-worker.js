// The program of a worker in Node.

import { parentPort } from 'node:worker_threads';

import { node } from './node-host.js';
import { serve } from './serve.js';

const answer = serve((message, transfer) => parentPort?.postMessage(message, /** @type {any} */ (transfer)), node);
parentPort?.on('message', (message) => void answer(message));
parentPort?.postMessage({ ready: true });
