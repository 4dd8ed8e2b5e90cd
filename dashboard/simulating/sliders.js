// Sliders that send their values while they move. A value is sent only when the answer to the one before has arrived,
// so that the page always draws whole answers and never falls behind the hand.

const shown = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  let part = shown.get(parentElement);
  if (!part || part.revision !== data.revision) shown.set(parentElement, (part = new Sliders(data, parentElement, part)));
  part.send = (values) => setStateValue("moved", values);
  part.answered(data);
}

const STEPS = 400; // of a logarithmic slider, from end to end

class Sliders {
  constructor(data, root, before) {
    this.revision = data.revision;
    this.number = before?.number ?? data.answered;
    this.busy = false;
    this.later = false;
    this.values = Object.fromEntries(data.sliders.map(({ name, value }) => [name, value]));
    this.form = root.querySelector('[data-part="sliders"]');
    this.form.onsubmit = (event) => event.preventDefault();
    this.rows = data.sliders.map((slider) => this.#row(slider));
    this.form.replaceChildren(...this.rows.map(({ element }) => element));
  }

  answered(data) {
    if (data.answered < this.number) return;
    this.busy = false;
    if (this.later) this.#moved();
  }

  #row(slider) {
    const { name, label, low, high, step, log, help } = slider;
    const element = document.createElement("div"), id = `drydock-slider-${name}`;
    element.className = "slider";
    const text = document.createElement("label"), row = document.createElement("div");
    const range = document.createElement("input"), number = document.createElement("input");
    text.textContent = label;
    text.htmlFor = id;
    if (help) text.title = help;
    row.className = "row";
    const place = (value) => (log ? (STEPS * Math.log(value / low)) / Math.log(high / low) : value);
    const value = (at) => (log ? rounded(low * (high / low) ** (at / STEPS), step) : at);
    Object.assign(range, { type: "range", id, min: log ? 0 : low, max: log ? STEPS : high, step: log ? 1 : step });
    Object.assign(number, { type: "number", min: low, max: slider.most, step: "any", inputMode: "decimal" });
    number.setAttribute("aria-label", `${label}, exactly`);
    const say = () => {
      range.value = place(Math.min(this.values[name], high));
      range.setAttribute("aria-valuetext", this.values[name].toLocaleString("en"));
      if (document.activeElement !== number && number.getRootNode().activeElement !== number) number.value = this.values[name];
    };
    range.oninput = () => {
      this.values[name] = value(Number(range.value));
      range.setAttribute("aria-valuetext", this.values[name].toLocaleString("en"));
      number.value = this.values[name];
      this.#moved();
    };
    number.onchange = () => {
      const given = Number(number.value);
      if (number.value !== "" && Number.isFinite(given)) {
        const whole = Number.isInteger(step) && !log ? Math.round(given) : given;
        this.values[name] = Math.min(Math.max(whole, low), slider.most);
        this.#moved();
      }
      number.value = this.values[name];
      range.value = place(Math.min(this.values[name], high));
    };
    row.append(range, number);
    element.append(text, row);
    say();
    return { element };
  }

  #moved() {
    this.later = this.busy;
    if (this.busy) return;
    this.busy = true;
    this.number += 1;
    this.send({ ...this.values, _number: this.number, _revision: this.revision });
  }
}

// Three digits are all that a hand can set on a logarithmic slider.
function rounded(value, step) {
  const power = 10 ** (Math.floor(Math.log10(value)) - 2), digits = Number((Math.round(value / power) * power).toPrecision(6));
  return step >= 1 ? Math.max(1, Math.round(digits)) : digits;
}
