// Small helpers for elements and numbers.

export const byId = (id) => document.getElementById(id);

const SVG = 'http://www.w3.org/2000/svg';

/** An element with attributes and children; those that are `undefined` or `false` are left out. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

/** Sets a custom property, which a strict content security policy allows where a `style` attribute is refused. */
export function setProperty(node, name, value) {
  node.style.setProperty(name, value);
  return node;
}

/** With a real minus sign, and none before a zero. */
export function number(value, digits = 0) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: 'negative' };
  return value.toLocaleString('en', options).replace('-', '−');
}

export const megabytes = (bytes) => `${number(bytes / 1e6, 1)} MB`;

export const milliseconds = (value) =>
  value < 1000 ? `${number(value, value < 10 ? 1 : 0)} ms` : `${number(value / 1000, 1)} s`;

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** A fact in a list of facts. */
export function fact(list, name, value) {
  list.append(element('dt', {}, name), element('dd', {}, value));
}

/** Whether an error is nothing but a cancelled call. */
export const isAbort = (error) => error?.name === 'AbortError';
