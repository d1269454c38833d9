// Returns the page as a person sees it, as HTML: scripts have run, what is hidden is marked so,
// open shadow trees are in their places, and each control has a number (data-idprobe) by which
// it is found again. Everything is copied into a document that runs and loads nothing.
(() => {
  const KEY = Symbol.for("idprobe");
  const LEFT_OUT = new Set(["script", "noscript", "style", "svg", "template", "link"]);
  const CONTROLS = new Set(["input", "select", "textarea", "button"]);
  const inert = document.implementation.createHTMLDocument("");
  let count = 0;
  const shown = (element) =>
    !element.checkVisibility || element.checkVisibility({ visibilityProperty: true });
  const marked = (element, twin) => {
    count += 1;
    element[KEY] = count;
    twin.setAttribute("data-idprobe", count);
    const name = twin.localName;
    if (name === "input" && element.type !== "hidden" && !shown(element)) {
      twin.setAttribute("type", "hidden");
    } else if (name !== "input" && !shown(element)) {
      twin.setAttribute("disabled", "");
    } else if (name === "button" || element.type === "submit") {
      twin.removeAttribute("disabled");
    }
    if (name === "input" && !["password", "file"].includes(element.type)) {
      twin.setAttribute("value", element.value);
      if (["checkbox", "radio"].includes(element.type)) twin.toggleAttribute("checked", element.checked);
    }
  };
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return inert.createTextNode(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || LEFT_OUT.has(node.localName)) return null;
    const twin = inert.importNode(node, false);
    if (CONTROLS.has(node.localName)) marked(node, twin);
    if (node.localName === "a" && !shown(node)) twin.removeAttribute("href");
    for (const child of [...(node.shadowRoot ? node.shadowRoot.childNodes : []), ...node.childNodes]) {
      const made = copy(child);
      if (made) twin.append(made);
    }
    return twin;
  };
  const twin = copy(document.documentElement);
  const body = twin.querySelector("body");
  const loose = [...twin.querySelectorAll("input:not([type=hidden]), textarea")].some(
    (control) => !control.closest("form") && !control.hasAttribute("form"),
  );
  if (body && loose) {
    for (const form of twin.querySelectorAll("form")) form.replaceWith(...form.childNodes);
    const whole = inert.createElement("form");
    whole.setAttribute("method", "post");
    whole.append(...body.childNodes);
    body.append(whole);
  }
  for (const form of twin.querySelectorAll("form")) {
    const buttons = [...form.querySelectorAll("button:not([disabled])")];
    const submits = form.querySelector("input[type=submit], input[type=image]");
    if (!submits && buttons.every((button) => button.getAttribute("type") === "button")) {
      for (const button of buttons) button.setAttribute("type", "submit");
    }
  }
  const handlers = "[onload],[onclick],[onsubmit],[onchange],[oninput]";
  return {
    html: twin.outerHTML.slice(0, 300000),
    url: document.URL,
    scripted: document.scripts.length > 0 || document.querySelector(handlers) !== null,
  };
})()
