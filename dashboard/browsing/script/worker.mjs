// The model itself: ONNX Runtime in a thread of its own, so that neither waits for the page nor holds it up.
// Messages: load, predict and measure come in; loaded, answer, progress, measured and error go out.

let ort, session, input, output;

async function load({ runtime, model, wanted }) {
  const began = performance.now();
  ort = await import(`${runtime}ort.wasm.min.mjs`);
  ort.env.wasm.wasmPaths = runtime;
  ort.env.wasm.numThreads = 1; // a pool of threads costs more than one row takes
  ort.env.logLevel = "error";
  const answer = await fetch(model);
  if (!answer.ok) throw new Error(`the model cannot be fetched (${answer.status})`);
  session = await ort.InferenceSession.create(await answer.arrayBuffer(), { executionProviders: ["wasm"] });
  input = session.inputNames[0];
  output = wanted;
  return { load_ms: performance.now() - began };
}

// A row as the model reads it; what is missing is null in JSON and NaN to the model.
const read = (row) => Float32Array.from(row, (value) => value ?? NaN);

async function predict(values) {
  const answers = await session.run({ [input]: new ort.Tensor("float32", values, [1, values.length]) }, [output]);
  return answers[output].data;
}

// Ask, wait for the answer, ask again. Where answers are kept was laid out beforehand.
async function measure({ rows, count, warmUp, width }) {
  const table = rows.map(read);
  for (let i = 0; i < warmUp; i++) await predict(table[i % table.length]);
  const start = new Float64Array(count), end = new Float64Array(count), outputs = new Float64Array(count * width);
  for (let i = 0; i < count; i++) {
    const values = table[i % table.length];
    start[i] = performance.now();
    const answer = await predict(values);
    end[i] = performance.now();
    outputs.set(answer, i * width);
    if (i % 50 === 49) postMessage({ kind: "progress", done: (i + 1) / count });
  }
  return {
    rows: Array.from({ length: count }, (_, i) => i % table.length),
    start_ms: Array.from(start), end_ms: Array.from(end), outputs: Array.from(outputs),
    warm_up: warmUp, clock_ms: clockStep(), isolated: self.crossOriginIsolated === true,
  };
}

// The smallest step that the clock was seen to take.
function clockStep() {
  let least = Infinity;
  for (let seen = 0; seen < 20; seen++) {
    const before = performance.now();
    let now = before;
    while (now === before) now = performance.now();
    least = Math.min(least, now - before);
  }
  return least;
}

async function answer(message) {
  switch (message.kind) {
    case "load": return { kind: "loaded", ...(await load(message)) };
    case "predict": {
      const began = performance.now();
      const outputs = await predict(read(message.values));
      return { kind: "answer", id: message.id, outputs: Array.from(outputs), took_ms: performance.now() - began };
    }
    case "measure": return { kind: "measured", report: await measure(message) };
    default: throw new Error(`no message is of kind ${message.kind}`);
  }
}

// One message after the other: a prediction while a measurement runs would be measured too.
let line = Promise.resolve();
self.onmessage = ({ data }) => {
  line = line.then(() => answer(data)).then(postMessage, (error) => postMessage({ kind: "error", message: String(error?.message ?? error) }));
};
