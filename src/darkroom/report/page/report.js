// Sort tables by clicking on a column heading; show the tooltips of a figure below it.
// Without this script only the sorting is lost: browsers show tooltips by themselves.
"use strict";
const value = (row, column) => {
  const cell = row.cells[column];
  const number = cell.querySelector("data");
  return number ? Number(number.value) : cell.textContent.trim();
};
const compare = (a, b) =>
  typeof a === typeof b ? (typeof a === "number" ? a - b : a.localeCompare(b)) : typeof a === "number" ? -1 : 1;
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      const body = table.tBodies[0];
      const rows = [...body.rows].sort((a, b) => compare(value(a, column), value(b, column)));
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      body.append(...(descending ? rows.reverse() : rows));
    });
  });
}

const hint = "Point at a trial, or step through them with the arrow keys.";
const parts = [...document.querySelectorAll(".part")];
const highlight = (name) => parts.forEach((part) => part.classList.toggle("on", part.dataset.part === name));
for (const part of parts) {
  const title = part.querySelector("title");
  part.setAttribute("aria-label", title.textContent);
  title.remove();
}
for (const figure of document.querySelectorAll("figure:has(.part)")) {
  const tooltip = document.createElement("p");
  tooltip.className = "tooltip soft";
  tooltip.textContent = hint;
  figure.querySelector("figcaption").before(tooltip);
  const show = (part) => {
    tooltip.textContent = part ? part.getAttribute("aria-label") : hint;
    highlight(part?.dataset.part);
  };
  for (const svg of figure.querySelectorAll("svg")) {
    const own = [...svg.querySelectorAll(".part")];
    const steps = own.filter((part, i) => own.findIndex((other) => other.dataset.part === part.dataset.part) === i);
    steps[0].tabIndex = 0;
    for (const part of own) {
      part.addEventListener("pointerenter", () => show(part));
      part.addEventListener("pointerleave", () => show());
      part.addEventListener("focus", () => show(part));
      part.addEventListener("blur", () => show());
    }
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      const current = steps.indexOf(document.activeElement);
      if (!step || current < 0) return;
      event.preventDefault();
      const next = steps[(current + step + steps.length) % steps.length];
      steps[current].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }
}
