// The theme: that of the system, until another one is chosen. A script that blocks, so that the page is never painted in the wrong one.

(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');

  // Storage can be forbidden; then the choice lasts as long as the page.
  const stored = () => {
    try {
      return localStorage.getItem('theme');
    } catch {
      return null;
    }
  };
  const store = (theme) => {
    try {
      if (theme) localStorage.setItem('theme', theme);
      else localStorage.removeItem('theme');
    } catch {}
  };

  if (stored() === 'light' || stored() === 'dark') root.dataset.theme = stored();

  const system = () => (dark.matches ? 'dark' : 'light');
  const current = () => root.dataset.theme ?? system();

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    const label = () => {
      const other = current() === 'dark' ? 'light' : 'dark';
      button.textContent = other === 'dark' ? 'Dark' : 'Light';
      button.setAttribute('aria-label', `Switch to the ${other} theme`);
    };
    button.addEventListener('click', () => {
      const wanted = current() === 'dark' ? 'light' : 'dark';
      // Back to what the system says: follow it again.
      if (wanted === system()) delete root.dataset.theme;
      else root.dataset.theme = wanted;
      store(root.dataset.theme);
      label();
    });
    dark.addEventListener('change', label);
    label();
  });
})();
