// What the programs are is what the declarations say.

import * as browser from '../../js/src/browser.js';
import * as inline from '../../js/src/inline/browser.js';
import * as node from '../../js/src/node.js';
import * as workerd from '../../js/src/workerd.js';
import type * as declared from '../../js/types/browser.js';
import type * as declaredNode from '../../js/types/node.js';
import type * as declaredWorkerd from '../../js/types/workerd.js';

export const names: [
  Record<keyof typeof declared, unknown>,
  Record<keyof typeof declared, unknown>,
  Record<keyof typeof declaredNode, unknown>,
  Record<keyof typeof declaredWorkerd, unknown>,
] = [browser, inline, node, workerd];

export const functions: [
  typeof declared.createEmbedder,
  typeof declared.createEmbedder,
  typeof declared.isCached,
  typeof declared.clearCache,
  typeof declaredNode.createEmbedder,
  typeof declaredWorkerd.createEmbedder,
] = [
  browser.createEmbedder,
  inline.createEmbedder,
  browser.isCached,
  browser.clearCache,
  node.createEmbedder,
  workerd.createEmbedder,
];

// biome-ignore lint/suspicious/noExplicitAny: embeddings of whatever precision
export const embeddings = (value: browser.Embeddings): declared.Embeddings<any> => value;
export const matrix = (value: browser.Matrix): declared.Matrix => value;
