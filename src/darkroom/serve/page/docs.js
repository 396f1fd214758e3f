// List the routes that openapi.json describes.
"use strict";

const base = new URL(".", location.href).href;
for (const id of ["here", "here-too"]) document.getElementById(id).textContent = base;

function lines([path, methods]) {
  return Object.entries(methods).flatMap(([method, operation]) => {
    const term = document.createElement("dt");
    term.textContent = `${method.toUpperCase()} ${path}`;
    const body = Object.keys(operation.requestBody?.content ?? {});
    const texts = [operation.description, body.length ? `Body: ${body.join(", ")}` : "",
      `Answers: ${Object.entries(operation.responses).map(([status, r]) => `${status} ${r.description}`).join("; ")}`];
    return [term, ...texts.filter(Boolean).map((text) => {
      const detail = document.createElement("dd");
      detail.textContent = text;
      return detail;
    })];
  });
}

fetch("openapi.json").then((response) => response.json()).then((api) => {
  document.getElementById("routes").replaceChildren(...Object.entries(api.paths).flatMap(lines));
});
