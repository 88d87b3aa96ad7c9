// A client of the knowledge base: what `cargo xtask kb` serves, and the Spin app beside this page.

const LOOPBACK = ['127.0.0.1', 'localhost'];

/** Where a knowledge base is likely: at the root of this site, or on this machine if the page itself is there. */
export function likelyAddress() {
  const root = new URL('/', location.href).href;
  const atRoot = new URL('.', document.baseURI).href === root;
  return atRoot && LOOPBACK.includes(location.hostname) ? 'http://127.0.0.1:5001/' : root;
}

export class KnowledgeBase {
  #address;
  #key;

  /**
   * @param {string} address
   * @param {string} key Sent as a bearer token; empty for none.
   * @throws What the policy of this page forbids to ask.
   */
  constructor(address, key) {
    this.#address = new URL(address);
    this.#key = key;
    const { origin, protocol, hostname } = this.#address;
    if (origin !== location.origin && !(protocol === 'http:' && LOOPBACK.includes(hostname))) {
      throw new Error(
        `This page may ask its own site and this machine (http://127.0.0.1, http://localhost), and not ${origin}.`,
      );
    }
  }

  /** Its health: the model, the number of documents, the threshold. Also given where it says that it is not well. */
  async health() {
    const health = await (await this.#send('health')).json().catch(() => undefined);
    if (!health?.database || !health.config)
      throw new Error(`What answers at ${this.#address.href} is no knowledge base.`);
    return health;
  }

  /** The closest documents: `[{ document_id, score, document }]`, the closest first, and how many were searched. */
  async search(query, topK) {
    const body = JSON.stringify({ query, top_k: topK });
    const { results, metadata } = await this.#answered('search', { method: 'POST', body, type: 'application/json' });
    return { results, searched: metadata.total_documents_searched };
  }

  /** Puts the documents of a file in: `{ upserted, total }`. All of them, or none. */
  put(file) {
    // By its first character it is told which of the two it is.
    return this.#answered('documents', { method: 'PUT', body: file, type: 'application/x-ndjson' });
  }

  async #answered(path, request) {
    const response = await this.#send(path, request);
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.error ?? `The server answered ${response.status}.`);
    return answer;
  }

  async #send(path, { type, ...request } = {}) {
    const headers = {
      ...(type && { 'content-type': type }),
      ...(this.#key && { authorization: `Bearer ${this.#key}` }),
    };
    try {
      return await fetch(new URL(path, this.#address), { ...request, headers });
    } catch {
      const { origin } = this.#address;
      const other =
        origin === location.origin ? '' : `, or it was not started with CORS_ALLOW_ORIGIN=${location.origin}`;
      throw new Error(`Nothing answers at ${origin}${other}.`);
    }
  }
}
