// Comfort for the report, which can be read without it: what a link leads to stands open, the source of a function
// opens where its name is, and the arrow keys lead from scenario to scenario.
"use strict";

const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let box = target?.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  target?.scrollIntoView();
};

// Beside the link: a copy of what it leads to; chosen again, the copy goes.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".opened a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const beside = link.closest("p") ?? link;
  if (beside.nextElementSibling?.matches(".copy")) return beside.nextElementSibling.remove();
  const copy = document.createElement("div");
  copy.className = "copy";
  copy.append(...[...document.getElementById(link.hash.slice(1)).children].map((part) => part.cloneNode(true)));
  copy.querySelector("h5")?.remove();
  beside.after(copy);
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !document.activeElement.matches(".scenario > summary")) return;
  const all = [...document.querySelectorAll(".scenario > summary")];
  all[all.indexOf(document.activeElement) + step]?.focus();
  event.preventDefault();
});

for (const button of document.querySelectorAll("button[data-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const box of document.querySelectorAll(".scenario")) box.open = button.dataset.open === "yes";
  });
}

addEventListener("hashchange", reveal);
reveal();
