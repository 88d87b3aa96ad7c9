// The program of a worker in a browser.

import { serve } from './serve.js';
import { web } from './web.js';

const scope = /** @type {any} */ (globalThis);
scope.onmessage = (/** @type {MessageEvent} */ { data }) =>
  void serve(data, web, (message, transfer) => scope.postMessage(message, transfer));
