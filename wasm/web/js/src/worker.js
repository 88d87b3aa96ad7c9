// The program of a worker in a browser.

import { serve } from './serve.js';
import { web } from './web.js';

const scope = /** @type {any} */ (globalThis);
const answer = serve((message, transfer) => scope.postMessage(message, transfer), web);
scope.onmessage = (/** @type {MessageEvent} */ { data }) => void answer(data);
