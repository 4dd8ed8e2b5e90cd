// A place to draw a digit, by pointer, finger or keyboard, and the 8 by 8 pixels that a model reads of it.
//
// The dataset's images were made so: a digit was scaled to a bitmap of 32 by 32, and each pixel of the 8 by 8 image
// counts the ink of 4 by 4 of it, 0 to 16 (Alpaydin and Kaynak, 1998). Strokes are kept as lines and scaled before they
// are inked, so that a small drawing has strokes as bold as a large one.

const FINE = 32, SIDE = 8, BLOCK = FINE / SIDE;
const PEN = 2.8; // half a stroke's width in the bitmap: drawings then hold as much ink as the dataset's images do
const STEP = 1 / 16; // how far an arrow key moves the pen, in sides of the pad

export class Pad {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = []; // lists of [x, y], in sides of the pad
    this.pen = [0.5, 0.25];
    this.down = false;
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.draw());
    canvas.addEventListener("keydown", (event) => this.#key(event));
    this.draw();
  }

  clear() {
    this.strokes = [];
    this.down = false;
    this.draw();
  }

  get empty() {
    return this.strokes.length === 0;
  }

  // The 64 numbers that the model reads, row by row.
  pixels() {
    const lines = fitted(this.strokes);
    const counts = new Array(SIDE * SIDE).fill(0);
    for (let y = 0; y < FINE; y++)
      for (let x = 0; x < FINE; x++)
        if (lines.some((line) => touches(line, x + 0.5, y + 0.5)))
          counts[Math.floor(y / BLOCK) * SIDE + Math.floor(x / BLOCK)]++;
    return counts;
  }

  draw() {
    const { canvas } = this, side = canvas.width, context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    context.clearRect(0, 0, side, side);
    context.strokeStyle = context.fillStyle = style.color;
    context.lineWidth = side / 12;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(stroke[0][0] * side, stroke[0][1] * side);
      for (const [x, y] of stroke) context.lineTo(x * side, y * side);
      context.stroke();
    }
    if (canvas.getRootNode().activeElement === canvas) this.#crosshair(context, side);
  }

  #crosshair(context, side) {
    const [x, y] = this.pen.map((place) => place * side), arm = side / 20;
    context.lineWidth = 2;
    context.strokeStyle = this.down ? "#d55e00" : "#0072b2";
    context.beginPath();
    context.moveTo(x - arm, y); context.lineTo(x + arm, y);
    context.moveTo(x, y - arm); context.lineTo(x, y + arm);
    context.stroke();
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(inside);
  }

  #press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.down = false;
    this.pen = this.#place(event);
    this.strokes.push([this.pen]);
    this.#done();
  }

  #move(event) {
    if (!this.canvas.hasPointerCapture(event.pointerId) || this.strokes.length === 0) return;
    this.pen = this.#place(event);
    this.strokes.at(-1).push(this.pen);
    this.#done();
  }

  #key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      this.pen = this.pen.map((place, axis) => inside(place + way[axis] * STEP));
      if (this.down) this.strokes.at(-1).push(this.pen);
    } else if (event.key === " ") {
      this.down = !this.down;
      if (this.down) this.strokes.push([this.pen]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else return;
    event.preventDefault();
    this.#done();
  }

  #done() {
    this.draw();
    this.changed();
  }
}

const inside = (place) => Math.min(Math.max(place, 0), 1);

// The strokes' segments in the bitmap: as high as it (or as wide, whichever comes first), and in its middle.
function fitted(strokes) {
  const points = strokes.flat();
  const [low, high] = [Math.min, Math.max].map((of) => [0, 1].map((axis) => of(...points.map((point) => point[axis]))));
  const size = Math.max(high[0] - low[0], high[1] - low[1]);
  const scale = size > 0 ? (FINE - 2 * PEN) / size : FINE;
  const put = (point) => [0, 1].map((axis) => FINE / 2 + (point[axis] - (low[axis] + high[axis]) / 2) * scale);
  return strokes.flatMap((stroke) => {
    const places = stroke.map(put);
    return places.length === 1 ? [[places[0], places[0]]] : places.slice(1).map((place, i) => [places[i], place]);
  });
}

// Whether a point is within the pen of a segment.
function touches([[ax, ay], [bx, by]], x, y) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = length ? Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0), 1) : 0;
  return (x - ax - along * (bx - ax)) ** 2 + (y - ay - along * (by - ay)) ** 2 <= PEN ** 2;
}
