// Starts every part of the page.

import * as about from './about.js';
import * as benchmark from './benchmark.js';
import * as convert from './convert.js';
import * as file from './file.js';
import * as knowledge from './knowledge.js';
import * as loader from './loader.js';
import * as map from './map.js';
import { keepPage } from './offline.js';
import * as search from './search.js';
import * as similarity from './similarity.js';
import * as tabs from './tabs.js';

for (const part of [similarity, search, map, file, knowledge, benchmark, convert, about, tabs]) part.start();

// The files of the page are kept once the model is there: it is what people wait for.
document.addEventListener('model-ready', keepPage, { once: true });
loader.start();
