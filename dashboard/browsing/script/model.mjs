// The model, as the page asks it: promises around the worker's messages.

export class Model {
  constructor({ runtime, model, output }, onProgress) {
    const at = (path) => new URL(path, window.location.origin).href;
    this.onProgress = onProgress;
    this.waiting = new Map(); // what is waited for → how to answer it
    this.asked = 0;
    this.worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.#heard(data);
    this.worker.onerror = (event) => this.#fail(event.message || "its script cannot be loaded");
    this.ready = this.#ask("loaded", { kind: "load", runtime: at(runtime), model: at(model), wanted: output })
      .then(({ load_ms }) => { this.load_ms = load_ms; });
    this.ready.catch(() => {}); // whoever waits for it hears of it
  }

  async predict(values) {
    const id = ++this.asked;
    return this.#ask(`answer ${id}`, { kind: "predict", id, values });
  }

  async measure(rows, count, warmUp, width) {
    return (await this.#ask("measured", { kind: "measure", rows, count, warmUp, width })).report;
  }

  end() {
    this.worker.terminate();
    this.waiting.clear();
  }

  #ask(what, message) {
    return new Promise((done, failed) => {
      this.waiting.set(what, { done, failed });
      this.worker.postMessage(message);
    });
  }

  #heard(message) {
    if (message.kind === "progress") return this.onProgress(message.done);
    if (message.kind === "error") return this.#fail(message.message);
    const what = message.kind === "answer" ? `answer ${message.id}` : message.kind;
    this.waiting.get(what)?.done(message);
    this.waiting.delete(what);
  }

  // The worker answers in order; what failed cannot be told from what waits behind it, so all of it has failed.
  #fail(text) {
    for (const { failed } of this.waiting.values()) failed(new Error(text));
    this.waiting.clear();
  }
}
