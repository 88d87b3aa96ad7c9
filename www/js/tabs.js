// Tabs after the pattern of the ARIA Authoring Practices: arrow keys move and select, the address names the tab.

const tabs = [...document.querySelectorAll('[role="tab"]')];
const shown = new Map();

/** Calls `show` each time the tab `name` comes into sight. */
export function onShow(name, show) {
  shown.set(name, show);
}

/** Selects the tab that the address names, and listens. Without one the first stays selected. */
export function start() {
  for (const tab of tabs) tab.addEventListener('click', () => select(tab, true));
  tabs[0].parentElement.addEventListener('keydown', (event) => {
    const at = tabs.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const tab = tabs.at(next % tabs.length);
    select(tab, true);
    tab.focus();
  });
  addEventListener('hashchange', fromAddress);
  fromAddress();
}

function fromAddress() {
  const tab = tabs.find((tab) => nameOf(tab) === location.hash.slice(1));
  if (tab) select(tab, false);
}

function select(wanted, remember) {
  for (const tab of tabs) {
    const selected = tab === wanted;
    tab.setAttribute('aria-selected', selected);
    tab.tabIndex = selected ? 0 : -1;
    document.getElementById(tab.getAttribute('aria-controls')).hidden = !selected;
  }
  const name = nameOf(wanted);
  if (remember) history.replaceState(null, '', `#${name}`);
  shown.get(name)?.();
}

// The panel's id without its prefix: were the address the id itself, browsers would scroll to the panel.
const nameOf = (tab) => tab.getAttribute('aria-controls').replace('panel-', '');
