// Keeps the files of the page, so that it opens without a network. `minilm www` puts `self.precache` in front: their list,
// and a version. When it changes, the browser installs this worker anew, beside the old one.

const { version, files } = self.precache;
const NAME = `page-${version}`;
const addresses = new Set(files.map((file) => new URL(file, self.registration.scope).href));
const page = new URL('index.html', self.registration.scope).href;

self.addEventListener('install', (event) => {
  // `no-cache` asks the server whether the browser's copies are still good.
  const requests = [...addresses].map((url) => new Request(url, { cache: 'no-cache' }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(requests)));
});

self.addEventListener('activate', (event) => {
  const old = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith('page-') && name !== NAME) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener('message', ({ data }) => {
  if (data === 'take over') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  url.hash = url.search = '';
  if (url.href === self.registration.scope) url.href = page;
  // Everything else, the model above all, goes its way untouched.
  if (event.request.method !== 'GET' || !addresses.has(url.href)) return;
  event.respondWith(caches.match(url.href, { cacheName: NAME }).then((kept) => kept ?? fetch(event.request)));
});
