// Every heading of a table becomes a button that sorts by its column, and a figure says below it what is pointed at.
// Without this script nothing is lost but that order: browsers show the title of what is pointed at.
"use strict";
const value = (row, column) => {
  const cell = row.cells[column];
  const number = cell.querySelector("data");
  return number ? Number(number.value) : cell.textContent.trim();
};
const compare = (a, b) =>
  typeof a === typeof b ? (typeof a === "number" ? a - b : a.localeCompare(b)) : typeof a === "number" ? -1 : 1;
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      const body = table.tBodies[0];
      const rows = [...body.rows].sort((a, b) => compare(value(a, column), value(b, column)));
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}

const hint = "Point at a trial, or step through them with the arrow keys.";
const parts = [...document.querySelectorAll(".told")];
const light = (part) => parts.forEach((other) => other.classList.toggle("on", other.dataset.part === part));
for (const part of parts) {
  const title = part.querySelector("title");
  part.setAttribute("aria-label", title.textContent);
  title.remove();
}
for (const figure of document.querySelectorAll("figure:has(.told)")) {
  const said = document.createElement("p");
  said.className = "pointed soft";
  said.textContent = hint;
  figure.querySelector("figcaption").before(said);
  const tell = (part) => {
    said.textContent = part ? part.getAttribute("aria-label") : hint;
    light(part?.dataset.part);
  };
  for (const svg of figure.querySelectorAll("svg")) {
    const own = [...svg.querySelectorAll(".told")];
    const steps = own.filter((part, i) => own.findIndex((other) => other.dataset.part === part.dataset.part) === i);
    steps[0].tabIndex = 0;
    for (const part of own) {
      part.addEventListener("pointerenter", () => tell(part));
      part.addEventListener("pointerleave", () => tell());
      part.addEventListener("focus", () => tell(part));
      part.addEventListener("blur", () => tell());
    }
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      const now = steps.indexOf(document.activeElement);
      if (!step || now < 0) return;
      event.preventDefault();
      const next = steps[(now + step + steps.length) % steps.length];
      steps[now].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }
}
