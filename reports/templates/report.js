"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const filter = document.querySelector("#filter");
  const matches = document.querySelector("#matches");
  const items = all("[data-item]").map((element) => ({ element, text: element.textContent.toLowerCase() }));
  const closedByUs = new Set();

  const apply = () => {
    const wanted = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const hidden = new Set(all('[data-toggle][aria-pressed="false"]').map((button) => button.dataset.toggle));
    let shown = 0;
    for (const { element, text } of items) {
      const visible = !hidden.has(element.dataset.verdict) && wanted.every((word) => text.includes(word));
      element.hidden = !visible;
      shown += visible && "verdict" in element.dataset;
    }
    for (const group of all("details.cause, details.group")) {
      const inside = all("[data-item]", group);
      if (inside.length === 0) continue;
      const found = inside.some((element) => !element.hidden);
      group.hidden = !found;
      if (wanted.length && found && !group.open) { group.open = true; closedByUs.add(group); }
      if (!wanted.length && closedByUs.delete(group)) group.open = false;
    }
    for (const heading of all("h3.area")) {
      heading.hidden = all("[data-item]", heading.nextElementSibling).every((element) => element.hidden);
    }
    matches.textContent = wanted.length || hidden.size ? `${shown} shown` : "";
  };

  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      node.hidden = false;
      if (node.tagName === "DETAILS") node.open = true;
    }
    target.scrollIntoView();
  };

  filter.addEventListener("input", apply);
  for (const button of all("[data-toggle]")) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  addEventListener("hashchange", reveal);
  document.querySelector(".toolbar").hidden = false;
  reveal();
})();
