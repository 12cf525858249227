/** Elements, made without markup in strings. */

/**
 * @template {string} Name
 * @typedef {Name extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Name] : HTMLElement} ElementNamed
 */
/**
 * The element that a tag such as "button.plain" makes.
 * @template {string} Tag
 * @typedef {Tag extends `${infer Name}.${string}` ? ElementNamed<Name> : ElementNamed<Tag>} ElementOf
 */
/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Create an element: `h("button.plain", { type: "button", onclick }, "Play")`. A name that begins with "on" adds a
 * listener; `null`, `undefined` and `false` are left out, of attributes as of children.
 * @template {string} Tag
 * @param {Tag} tag the element's name, and its classes after dots
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {ElementOf<Tag>}
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (key in element && !key.includes("-")) Object.assign(element, { [key]: value });
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child instanceof Node ? child : String(child));
  }
  return /** @type {ElementOf<Tag>} */ (element);
}

/**
 * An element of index.html.
 * @param {string} id
 */
export const elementById = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * The canvas's context for drawing.
 * @param {HTMLCanvasElement} canvas
 */
export const context2d = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/**
 * Create a drop-down.
 * @param {Record<string, unknown>} attributes
 * @param {string[][]} options pairs of value and text
 * @param {string} selected the value that is selected
 */
export function createSelect(attributes, options, selected) {
  return h("select", attributes, ...options.map(([value, text]) => h("option", { value, selected: value === selected }, text)));
}

/**
 * Ask before something that cannot be undone; resolves to true if it is confirmed.
 * @param {string} question
 * @param {string} yes
 * @param {string} no
 * @param {HTMLElement} [field] with what is to be chosen
 * @returns {Promise<boolean>}
 */
export function askToConfirm(question, yes, no, field) {
  const dialog = h("dialog", { "aria-labelledby": "question" },
    h("p", { id: "question" }, question), field,
    h("div.actions", {},
      h("button", { type: "button", onclick: () => dialog.close("") }, no),
      h("button.danger", { type: "button", onclick: () => dialog.close("yes") }, yes)));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  }));
}
