// Send the image that was dropped, pasted or chosen, and show the answer.
"use strict";

const LISTED = 10; // classes
const STRONGEST = 0.75; // opacity of the overlay
const element = (id) => document.getElementById(id);
const drop = element("drop");
const token = element("token").querySelector("input");

function headers(kind) {
  const sent = kind ? { "Content-Type": kind } : {};
  return token.value ? { ...sent, Authorization: `Bearer ${token.value}` } : sent;
}

let sent = null; // the last image, which is sent again with a token

async function explain(file) {
  sent = file;
  drop.classList.add("busy");
  try {
    const kind = file.type.startsWith("image/") ? file.type : "application/octet-stream";
    const response = await fetch("explain", { method: "POST", body: file, headers: headers(kind) });
    const answer = await response.json();
    element("token").hidden = response.status !== 401 && !token.value;
    if (response.ok) show(answer);
    else refuse(answer.what);
  } catch (fault) {
    refuse("The server cannot be reached.");
  } finally {
    drop.classList.remove("busy");
  }
}

function refuse(what) {
  element("answer").hidden = true;
  element("fault").hidden = false;
  element("fault").textContent = what;
}

function show(answer) {
  element("fault").hidden = true;
  element("label").textContent = answer.label;
  element("image").src = `data:image/png;base64,${answer.picture}`;
  element("probabilities").replaceChildren(...Object.entries(answer.probabilities).slice(0, LISTED).map(row));
  paint(answer.map);
  element("answer").hidden = false;
}

function row([name, probability]) {
  const line = document.createElement("tr");
  const [head, bar, number] = ["th", "td", "td"].map((kind) => line.appendChild(document.createElement(kind)));
  head.textContent = name;
  bar.appendChild(document.createElement("meter")).value = probability;
  number.textContent = `${(100 * probability).toFixed(1)} %`;
  return line;
}

// One pixel of the canvas is one cell; the browser smooths them as it enlarges the canvas.
function paint(map) {
  const canvas = element("map");
  canvas.width = canvas.height = map.length;
  const strongest = Math.max(...map.flat(), 1e-6);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(map.length, map.length);
  map.flat().forEach((value, number) => {
    pixels.data.set([255, 40, 0, 255 * STRONGEST * Math.max(0, value) / strongest], 4 * number);
  });
  context.putImageData(pixels, 0, 0);
  element("legend").textContent =
    `Where the overlay is strong, covering that part lowers the probability of the label, by ${
      (100 * strongest).toFixed(1)} points at most.`;
}

element("file").addEventListener("change", (event) => event.target.files[0] && explain(event.target.files[0]));
element("shown").addEventListener("change", (event) => { element("map").hidden = !event.target.checked; });
addEventListener("paste", (event) => event.clipboardData.files[0] && explain(event.clipboardData.files[0]));
addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files[0]) explain(event.dataTransfer.files[0]);
});
element("token").addEventListener("submit", (event) => {
  event.preventDefault();
  if (sent) explain(sent);
});
fetch("health").then((response) => response.json()).then((answer) => {
  element("model").textContent = `${answer.model}, ${answer.digest}`;
});
