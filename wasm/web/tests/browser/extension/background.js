// In Chromium a service worker, in Firefox a page without a window. It opens the page of the extension.

import { report } from './report.js';

// Service workers may not wait at the top level.
report('background').then(() => chrome.tabs.create({ url: chrome.runtime.getURL('page.html') }));
