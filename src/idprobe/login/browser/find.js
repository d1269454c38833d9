// Returns the live element that look.js gave a number, wherever it is, or null.
(number) => {
  const KEY = Symbol.for("idprobe");
  const search = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element[KEY] === number) return element;
      const found = element.shadowRoot ? search(element.shadowRoot) : null;
      if (found) return found;
    }
    return null;
  };
  return search(document);
}
