"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children.filter((child) => child !== "" && child !== null));
    return element;
  };

  /* Colour: the text stays as it is, its tokens get a class each. */
  const tokens = /("(?:[^"\\]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*|\btrue\b|\bfalse\b|\bnull\b)|([^"\d-]+|.)/gs;
  const painted = (text, kind) => {
    if (kind === "form") {
      return text.split("\n").flatMap((line, index) => {
        const [name, ...rest] = line.split("=");
        return [index ? "\n" : "", make("span", "key", name), rest.length ? `=${rest.join("=")}` : ""];
      });
    }
    if (kind !== "json") return [text];
    return [...text.matchAll(tokens)].map(([whole, string, colon, word]) => {
      if (string && colon) return make("span", "", make("span", "key", string), colon);
      return string ? make("span", "text", string) : word ? make("span", "word", word) : whole;
    });
  };
  const paint = (pre) => pre.replaceChildren(...painted(pre.textContent, pre.dataset.kind).filter((part) => part !== ""));
  for (const pre of all("pre[data-kind]")) paint(pre);

  /* Exchanges. */
  const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const http = ([line, pairs]) => make("div", "http", make("span", "line", line),
    ...pairs.map(([name, value]) => make("span", "header", make("b", "", `${name}:`), ` ${value}`)));
  const body = (given) => {
    if (!given) return [];
    const [text, size, remark, kind] = given;
    const pre = make("pre", "body", text);
    pre.dataset.kind = kind;
    pre.tabIndex = 0;
    paint(pre);
    return [make("p", "note", `${plural(size, "byte")}${remark ? ` · ${remark}` : ""}`), pre];
  };
  const lands = (e) => (e.landing ? ` · lands at the client with ${e.landing[1].map(([name]) => name).join(", ")}` : "");
  const sequence = (exchanges) => {
    const lanes = make("li", "lanes", make("span", "", "browser"), make("span", "", "client"), make("span", "", "server"));
    lanes.ariaHidden = "true";
    const steps = exchanges.map((e) => make("li", `step ${e.agent}`,
      make("span", "name", e.step),
      make("span", "arrow there", make("span", "vh", `${e.agent === "user" ? "browser" : "client"} to server: `), make("span", "", e.place)),
      make("span", `arrow back s${Math.floor((e.status || 0) / 100)}`, make("span", "vh", "server answers: "),
        make("span", "", `${e.status || "no response"}${lands(e)}`))));
    const list = make("ol", "sequence", lanes, ...steps);
    list.ariaLabel = "Sequence of the exchanges";
    return list;
  };
  const details = (className, id, summary, fill) => {
    const element = make("details", className, summary);
    element.id = id;
    let filled = false;
    element.fill = () => { if (!filled) { filled = true; element.append(...fill()); } };
    element.addEventListener("toggle", () => element.open && element.fill());
    return element;
  };
  const exchange = (e, index) => details("exchange", e.anchor,
    make("summary", "", make("span", "index", String(index)), make("span", "place", e.place),
      make("span", `status s${Math.floor((e.status || 0) / 100)}`, String(e.status || "no response")),
      make("span", "note", `${e.step} · ${e.elapsed}${e.landing ? " · lands" : ""}`)),
    () => [
      make("p", "note", `${e.at} UTC · ${e.elapsed} · ${e.remarks.join(" · ")}`),
      make("h3", "part", "Request"), http(e.request), ...body(e.requestBody),
      make("h3", "part", "Response"),
      e.response ? http(e.response) : make("p", "because", e.failure || "none"), ...body(e.responseBody),
      ...(e.landing ? [make("h3", "part", "Authorization response"), http(e.landing)] : []),
    ]);
  const probe = (p) => {
    const summary = make("summary", "", make("code", "id", p.name), make("span", `outcome ${p.outcome}`, p.outcome.replaceAll("_", " ")),
      make("span", "note", plural(p.exchanges.length, "exchange") + (p.elapsed ? `, ${p.elapsed}` : "")),
      p.because ? make("span", "because", p.because) : "");
    const element = details("probe", p.anchor, summary, () => (p.exchanges.length
      ? [sequence(p.exchanges), ...p.exchanges.map(exchange)]
      : [make("p", "empty", "No exchange was recorded.")]));
    element.dataset.item = "";
    return element;
  };

  /* Filters. */
  const items = all("[data-item]").map((element) => ({ element, text: element.textContent.toLowerCase() }));
  const openedByUs = new Set();
  const chosen = (name) => one(`#${name}`).value;
  const apply = () => {
    const wanted = one("#filter").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const hidden = new Set(all('[data-toggle][aria-pressed="false"]').map((button) => button.dataset.toggle));
    const kinds = ["area", "family", "severity"].map((name) => [name, chosen(name)]).filter(([, value]) => value);
    let shown = 0;
    for (const { element, text } of items) {
      const has = "verdict" in element.dataset;
      const fits = has ? !hidden.has(element.dataset.verdict) && kinds.every(([name, value]) => element.dataset[name] === value) : true;
      const visible = fits && wanted.every((word) => text.includes(word));
      element.hidden = !visible;
      shown += visible && has;
    }
    for (const group of all("details.cause, details.group")) {
      const inside = all("[data-item]", group);
      if (inside.length === 0) continue;
      const found = inside.some((element) => !element.hidden);
      group.hidden = !found;
      const narrowed = wanted.length || kinds.length;
      if (narrowed && found && !group.open) { group.open = true; openedByUs.add(group); }
      if (!narrowed && openedByUs.delete(group)) group.open = false;
    }
    for (const heading of all("h3.area")) {
      heading.hidden = all("[data-item]", heading.nextElementSibling).every((element) => element.hidden);
    }
    one("#matches").textContent = wanted.length || hidden.size || kinds.length ? `${plural(shown, "requirement")} shown` : "";
  };
  one("#filter").addEventListener("input", apply);
  for (const select of all(".toolbar select")) select.addEventListener("change", apply);
  for (const button of all("[data-toggle]")) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  for (const link of all("a[data-area]")) {
    link.addEventListener("click", () => {
      one("#area").value = link.dataset.area;
      one("#family").value = link.dataset.family;
      apply();
    });
  }
  one(".toolbar").hidden = false;

  /* The way to an exchange: #PROBE-INDEX, #PROBE-all. */
  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id) return;
    const outer = document.getElementById(`${id.slice(0, id.lastIndexOf("-"))}-all`);
    if (outer && outer.fill) outer.fill();
    const target = document.getElementById(id);
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      node.hidden = false;
      if (node.tagName === "DETAILS") { if (node.fill) node.fill(); node.open = true; }
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);

  const unpack = async () => {
    const coded = one("#packed").content.textContent;
    const octets = Uint8Array.from(atob(coded.replaceAll(/\s/g, "")), (character) => character.charCodeAt(0));
    const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("deflate"));
    const { cap, probes } = JSON.parse(await new Response(stream).text());
    one("#cap").textContent = ` after ${cap} bytes`;
    const elements = probes.map((p) => {
      const element = probe(p);
      items.push({ element, text: JSON.stringify(p).toLowerCase() });
      return element;
    });
    one("#probes").replaceChildren(...elements);
    one("#unpacked").hidden = true;
    apply();
  };
  const said = one("#unpacked");
  if (said) {
    if (typeof DecompressionStream === "undefined") {
      said.textContent = "This browser cannot unpack the exchanges: read the HAR files in evidence/.";
    } else {
      unpack().then(reveal, () => { said.textContent = "The exchanges in this page are damaged: read the HAR files in evidence/."; });
    }
  }
  reveal();
})();
