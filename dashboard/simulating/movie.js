// Requests on their way through the plan. Nothing moves until somebody presses Play, and under reduced motion nothing
// moves by itself at all. What is drawn is also said below the drawing, and listed as a table beside it.

const shown = new WeakMap();

export default function ({ data, parentElement }) {
  let part = shown.get(parentElement);
  if (!part || part.data.name !== data.name) {
    part?.end();
    shown.set(parentElement, (part = new Movie(data, parentElement)));
  }
  const call = (part.calls = (part.calls ?? 0) + 1);
  return () => { if (part.calls === call) part.end(); };
}

const SVG = "http://www.w3.org/2000/svg", LASTS_MS = 20_000, STEP = 0.02, APART = 9;

class Movie {
  constructor(data, root) {
    this.data = data;
    this.find = (name) => root.querySelector(`[data-part="${name}"]`);
    this.moment = data.from_s;
    this.playing = false;
    this.quiet = matchMedia("(prefers-reduced-motion: reduce)");
    this.find("stage").innerHTML = data.svg;
    this.svg = this.find("stage").querySelector("svg");
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("aria-label", data.alt);
    this.dots = document.createElementNS(SVG, "g");
    this.svg.append(this.dots);
    this.find("play").onclick = () => this.#play(!this.playing);
    this.find("step").onclick = () => { this.#play(false); this.#to(this.#next()); };
    this.find("moment").oninput = (event) => { this.#play(false); this.#to(data.from_s + (this.#length() * event.target.value) / 1000); };
    this.find("play").hidden = this.quiet.matches;
    this.find("still").hidden = !this.quiet.matches;
    this.#to(data.from_s);
  }

  end() { this.playing = false; }

  #length() { return this.data.until_s - this.data.from_s; }

  #play(on) {
    this.playing = on && !this.quiet.matches;
    this.find("play").textContent = this.playing ? "Pause" : "Play";
    if (!this.playing) return;
    if (this.moment >= this.data.until_s) this.moment = this.data.from_s;
    let last = performance.now();
    const frame = (now) => {
      if (!this.playing) return;
      this.#to(this.moment + (this.#length() * (now - last)) / LASTS_MS);
      last = now;
      if (this.moment >= this.data.until_s) return this.#play(false);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  // The next moment at which somebody begins something else, a little ahead at least.
  #next() {
    const least = this.moment + 1e-9, most = this.moment + this.#length() * STEP;
    const later = this.data.steps.filter(([, , , from]) => from > least).map(([, , , from]) => from);
    const next = Math.min(...later, this.data.until_s);
    return Math.min(this.data.until_s, Math.max(next, Math.min(most, this.data.until_s)));
  }

  #to(moment) {
    this.moment = Math.min(moment, this.data.until_s);
    this.find("moment").value = (1000 * (this.moment - this.data.from_s)) / (this.#length() || 1);
    const now = this.data.steps.filter(([, , , from, until]) => from <= this.moment && this.moment < until);
    this.dots.replaceChildren(...this.#drawn(now));
    this.find("now").textContent = this.#said(now);
  }

  #drawn(now) {
    const lines = {}, served = {};
    return now.map(([request, doing, station, from, until]) => {
      const [x, y] = this.data.places[station], [ux, uy] = this.data.places[this.#before(request, station)];
      const share = (this.moment - from) / (until - from || 1);
      if (doing === "waits") {
        const place = (lines[station] = (lines[station] ?? -1) + 1);
        const column = place % 10, row = Math.floor(place / 10);
        return mark("rect", { x: x - 54 + column * APART, y: y + 31 + row * APART, width: 7, height: 7, fill: this.data.hot });
      }
      if (doing === "is served") {
        const place = (served[station] = (served[station] ?? -1) + 1);
        return mark("circle", { cx: x + 4 + (place % 6) * APART, cy: y + 8 + Math.floor(place / 6) * APART, r: 4, fill: this.data.dot });
      }
      const way = doing === "travels" ? share : doing === "rests" ? 1 : 1 - share;
      return mark("circle", { cx: ux + (x - ux) * way, cy: uy + (y - uy) * way, r: 4, fill: "none", stroke: this.data.dot, "stroke-width": 2 });
    });
  }

  #before(request, station) { return this.data.callers[station] ?? "users"; }

  #said(now) {
    const count = (doing) => {
      const found = {};
      for (const [, what, station] of now) if (what === doing) found[station] = (found[station] ?? 0) + 1;
      return Object.entries(found).map(([name, n]) => `${n} at ${name}`).join(", ");
    };
    const over = this.data.ends.filter((end) => end <= this.moment).length;
    const travelling = now.filter(([, what]) => !["waits", "is served"].includes(what)).length;
    return `At ${this.moment.toFixed(4)} s: waiting ${count("waits") || "none"}; in service ${count("is served") || "none"}; ` +
      `${travelling} on the way; ${over} of ${this.data.ends.length} over.`;
  }
}

function mark(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
