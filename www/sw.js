// Keeps the files of the page, so that it opens without a network. `minilm www` puts `self.precache` in front: their list,
// a list of large files that are kept when they are first used, and a version. When it changes, the browser installs this worker anew, beside the old one.

const { version, files, later } = self.precache;
const NAME = `page-${version}`;
const inFull = (paths) => new Set(paths.map((path) => new URL(path, self.registration.scope).href));
const addresses = inFull(files);
const onDemand = inFull(later);
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
  if (event.request.method !== 'GET' || !(addresses.has(url.href) || onDemand.has(url.href))) return;
  event.respondWith(caches.match(url.href, { cacheName: NAME }).then((kept) => kept ?? fetched(event, url.href)));
});

async function fetched(event, href) {
  const response = await fetch(event.request);
  if (response.ok && onDemand.has(href)) {
    const copy = response.clone();
    // Without room for it, the page still has it.
    event.waitUntil(
      caches
        .open(NAME)
        .then((cache) => cache.put(href, copy))
        .catch(() => {}),
    );
  }
  return response;
}
