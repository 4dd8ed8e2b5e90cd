// What the page makes of numbers.

const SIDE = 8, MOST_INK = 16, CLASSES_SHOWN = 20;

export const percent = (share) => `${(100 * share).toFixed(1)}%`;

// The 8 by 8 pixels as the model reads them, inked in the page's text colour.
export function drawPixels(canvas, values) {
  const context = canvas.getContext("2d"), size = canvas.width / SIDE;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = getComputedStyle(canvas).color;
  values.forEach((ink, i) => {
    context.globalAlpha = Math.min(Math.max(ink / MOST_INK, 0), 1);
    context.fillRect((i % SIDE) * size, Math.floor(i / SIDE) * size, size, size);
  });
}

// Every class with its probability.
export function table(classes, outputs) {
  const made = document.createElement("table"), head = made.createTHead().insertRow(), body = made.createTBody();
  made.createCaption().textContent = "Probability of each class";
  for (const name of ["class", "probability"]) head.append(cell("th", name, "col"));
  classes.slice(0, CLASSES_SHOWN).forEach((name, i) => {
    body.insertRow().append(cell("th", name, "row"), cell("td", percent(outputs[i])));
  });
  return made;
}

function cell(kind, text, scope) {
  const made = document.createElement(kind);
  made.textContent = text;
  if (scope) made.scope = scope;
  return made;
}
