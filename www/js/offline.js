// The page without a network: a service worker keeps its files. The npm package keeps the model.

import { element } from './dom.js';

/** Registers the worker; offers a newer page when there is one. */
export async function keepPage() {
  if (!navigator.serviceWorker) return;
  try {
    const registration = await navigator.serviceWorker.register('sw.js', { updateViaCache: 'none' });
    // An update may have begun before this page could listen.
    watch(registration.waiting);
    watch(registration.installing);
    registration.addEventListener('updatefound', () => watch(registration.installing));
    await registration.update();
  } catch {
    // The server is away, or this is a private window, which has no service workers: the page works all the same.
  }
}

/** Forgets the files of the page; the next visit fetches them again. */
export async function forgetPage() {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.unregister();
  for (const name of (await globalThis.caches?.keys()) ?? []) {
    if (name.startsWith('page-')) await caches.delete(name);
  }
}

/** Offers a worker once it has everything, if this page belongs to another one. */
function watch(worker) {
  const check = () => {
    if (worker.state === 'installed' && navigator.serviceWorker.controller) offer();
  };
  worker?.addEventListener('statechange', check);
  if (worker) check();
}

function offer() {
  if (document.getElementById('newer')) return;
  const button = element('button', { type: 'button', class: 'quiet' }, 'Load it');
  button.addEventListener('click', async () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    // The newest one, if there have been several since.
    (await navigator.serviceWorker.getRegistration()).waiting?.postMessage('take over');
  });
  document
    .querySelector('.loader')
    .after(
      element(
        'p',
        { id: 'newer', class: 'notice row', role: 'status' },
        'There is a newer version of this page.',
        button,
      ),
    );
}
