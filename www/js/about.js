// The tab About: what runs here, and what it keeps.

import { byId, element, fact, megabytes, number } from './dom.js';
import { description, embedder, forget, isStored } from './model.js';
import { forgetPage } from './offline.js';
import { onShow } from './tabs.js';

const status = byId('about-status');

export function start() {
  onShow('about', show);
  document.addEventListener('model-ready', show);
  byId('about-clear').addEventListener('click', clear);
}

async function show() {
  await storage();
  const info = await (await embedder()).info();
  const model = list('about-model');
  fact(model, 'Name', info.name);
  fact(model, 'Vectors', `${info.dim} dimensions${info.normalize ? ', of length 1' : ''}`);
  fact(model, 'Reads', `${info.maxSeqLength} tokens of a text, ${info.maxPositionEmbeddings} if asked`);
  fact(model, 'Layers', `${info.numHiddenLayers}`);
  fact(model, 'Vocabulary', `${number(info.vocabSize)} tokens`);
  fact(model, 'Pooling', info.pooling);
  fact(model, 'Compared by', info.similarity);
  fact(model, 'Weights', info.precision);
  fact(model, 'Model SHA-256', element('code', {}, info.modelSha256));
  const engine = list('about-engine');
  fact(engine, 'Instructions', info.backend);
  fact(engine, 'Memory', megabytes(info.memoryBytes));
  fact(engine, 'Processor', navigator.hardwareConcurrency ? `${navigator.hardwareConcurrency} threads` : 'unknown');
  fact(engine, 'Model file', megabytes(info.fileBytes));
  fact(engine, 'Checksum', element('code', {}, info.fileChecksum));
}

async function storage() {
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  const stored = await description().then(isStored, () => false);
  const facts = list('about-storage');
  fact(facts, 'Model', stored ? 'stored' : 'not stored');
  fact(facts, 'Page', navigator.serviceWorker?.controller ? 'stored, works offline' : 'not stored yet');
  fact(facts, 'Uses', estimate?.usage === undefined ? 'unknown' : megabytes(estimate.usage));
}

async function clear() {
  await forget();
  await forgetPage();
  await storage();
  status.textContent = 'Removed. The model stays loaded until this page is closed.';
}

const list = (id) => {
  const node = byId(id);
  node.replaceChildren();
  return node;
};
