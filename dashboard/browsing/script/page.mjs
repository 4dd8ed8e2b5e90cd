// The part of the page where the visitor's browser predicts. Streamlit calls it anew whenever it redraws; what is shown
// and the thread behind it stay as long as the package does.

import { Model } from "./model.mjs";
import { Pad } from "./pad.mjs";
import { drawPixels, percent, table } from "./showing.mjs";

const shown = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let part = shown.get(parentElement);
  if (part?.data.version !== data.version || !part.alive) {
    part?.end();
    part = new Part(data, parentElement);
    shown.set(parentElement, part);
  }
  part.report = (report) => setTriggerValue("measured", report);
  const call = (part.calls = (part.calls ?? 0) + 1);
  return () => { if (part.calls === call) part.end(); }; // a call that was overtaken must not end what goes on
}

class Part {
  constructor(data, root) {
    this.data = data;
    this.alive = true;
    this.asked = 0;
    this.hidden = false;
    this.find = (name) => root.querySelector(`[data-part="${name}"]`);
    this.model = new Model(data, (fraction) => { this.find("progress").value = fraction; });
    this.noticed = () => { if (document.hidden) this.hidden = true; };
    document.addEventListener("visibilitychange", this.noticed);
    this.#lay();
    this.model.ready.then(() => this.#ready(), (error) => this.#failed(error));
  }

  end() {
    this.alive = false;
    document.removeEventListener("visibilitychange", this.noticed);
    this.model.end();
  }

  #lay() {
    const { data } = this;
    this.find("drawing").hidden = !data.draw;
    this.find("preview").hidden = !data.draw;
    this.find("answers").replaceChildren();
    this.#say("Loading the runtime and the model …");
    const choice = this.find("row");
    choice.replaceChildren(...data.samples.map(({ row, name }) => new Option(name, String(row))));
    this.find("try").onclick = () => this.#row(Number(choice.value));
    this.find("measure").onclick = () => this.#measure();
    this.find("measure").textContent = `Measure ${data.count.toLocaleString("en")} predictions`;
    if (data.draw && !this.pad) {
      this.pad = new Pad(this.find("pad"), () => this.#drawn());
      this.find("clear").onclick = () => { this.pad.clear(); this.#cleared(); };
    }
  }

  #ready() {
    for (const name of ["try", "measure"]) this.find(name).disabled = false;
    this.#say(`Ready: the model is in this browser, loaded in ${Math.round(this.model.load_ms)} ms.`);
    if (this.pad && !this.pad.empty) this.#drawn();
  }

  async #drawn() {
    if (this.pad.empty) return this.#cleared();
    await this.#predict(this.pad.pixels());
  }

  #cleared() {
    this.asked++; // what is still being predicted is of no interest any more
    this.find("answers").replaceChildren();
    this.#say("Cleared.");
  }

  async #row(row) {
    const server = this.data.answers[row];
    await this.#predict(this.data.rows[row], (outputs) => {
      const apart = Math.max(...outputs.map((value, i) => Math.abs(value - server[i])));
      return ` The server's answer differs by ${apart.toExponential(1)} at most.`;
    });
  }

  async #predict(values, more = () => "") {
    const number = ++this.asked;
    try {
      await this.model.ready;
      const { outputs, took_ms } = await this.model.predict(values);
      if (number !== this.asked || !this.alive) return; // a later one is under way
      if (this.data.draw) drawPixels(this.find("pixels"), values);
      this.#tell(outputs, took_ms, more(outputs));
    } catch (error) { this.#failed(error); }
  }

  #tell(outputs, took_ms, more) {
    const { task, classes, target, threshold } = this.data;
    const took = `(${took_ms.toPrecision(2)} ms, in this browser)`;
    if (task === "regression") return this.#say(`${target}: ${outputs[0].toPrecision(4)} ${took}.${more}`);
    let best = outputs.indexOf(Math.max(...outputs));
    if (task === "binary") best = Number(outputs[1] >= threshold);
    this.#say(`${target}: ${classes[best]}, probability ${percent(outputs[best])} ${took}.${more}`);
    this.find("answers").replaceChildren(table(classes, outputs));
  }

  async #measure() {
    const { data } = this, button = this.find("measure"), progress = this.find("progress");
    button.disabled = true;
    progress.hidden = false;
    this.hidden = document.hidden;
    this.#say("Measuring …");
    try {
      const report = await this.model.measure(data.rows, data.count, data.warm_up, data.classes.length);
      this.#say("Measured. The report is on its way into the store.");
      this.report({
        ...report, version: data.version, load_ms: this.model.load_ms, hidden: this.hidden,
        browser: navigator.userAgent.slice(0, 300), cores: navigator.hardwareConcurrency ?? 0,
      });
    } catch (error) { this.#failed(error); }
    progress.hidden = true;
    button.disabled = false;
  }

  #say(text) { this.find("result").textContent = text; }

  #failed(error) { if (this.alive) this.#say(`It does not run in this browser: ${error.message}. Reload the page to try again.`); }
}
