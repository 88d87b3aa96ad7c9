// The program of a worker in a browser.

import { compile } from '../module.js';
import { serve } from './serve.js';
import { open } from './source.js';

const scope = /** @type {any} */ (globalThis);
scope.onmessage = (/** @type {MessageEvent} */ { data }) =>
  void serve(data, { compile, open }, (message, transfer) => scope.postMessage(message, transfer));
scope.postMessage({ ready: true });
