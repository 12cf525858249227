/** Elements, without markup in strings. */

/**
 * An element: `h("button.plain", { type: "button", onclick }, "Play")`. What begins with "on" is listened to, `null`,
 * `undefined` and `false` are left out, of attributes as of children.
 * @param {string} tag its name, and classes after dots
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && !key.includes("-") && key !== "list") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A drop-down of `[value, text]` pairs. */
export function choice(attributes, pairs, chosen) {
  const options = pairs.map(([value, text]) => h("option", { value, selected: value === chosen }, text));
  return h("select", attributes, ...options);
}

/** Asks before something that cannot be undone; resolves to whether it is wanted. */
export function confirmed(question, yes, no) {
  const answered = (value) => () => dialog.close(value);
  const dialog = h("dialog", { "aria-labelledby": "question" },
    h("p", { id: "question" }, question),
    h("div.actions", {},
      h("button", { type: "button", onclick: answered("") }, no),
      h("button.danger", { type: "button", onclick: answered("yes") }, yes)));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  }));
}
