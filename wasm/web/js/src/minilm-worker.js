// The program of a worker in a browser. Its name is one that no program of a page is likely to have: where a bundler leaves it behind,
// its address is one of the page.

import { compile } from './module.js';
import { serve } from './serve.js';
import { open } from './source.js';

const scope = /** @type {any} */ (globalThis);
const answer = serve((message, transfer) => scope.postMessage(message, transfer), { compile, open });
scope.onmessage = (/** @type {MessageEvent} */ { data }) => void answer(data);
scope.postMessage({ ready: true });
