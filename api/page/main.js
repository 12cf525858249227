/** The page's entry: it shows the view of the address, in the chosen language and theme, and whether the service answers. */
import { connection, forgetApiKey, getApiKey, storeApiKey } from "./api.js";
import { createApiKeyForm } from "./api-key-form.js";
import { createCompareView } from "./compare/compare-view.js";
import { createSelect, elementById, h } from "./dom.js";
import { currentLanguage, setLanguage, t } from "./i18n.js";
import { createJobListView } from "./jobs/job-list.js";
import { createJobView } from "./job/job-view.js";
import { createTrendsView } from "./trends/trends-view.js";

const STORAGE_KEY = "emoline.theme";
const THEMES = ["auto", "light", "dark"];
const LANGUAGES = [["en", "English"], ["zh", "中文"]];
const main = elementById("main");
let view = new AbortController();
let needsApiKey = false;
let shownPath = "";

function render({ focus = false } = {}) {
  view.abort();
  view = new AbortController();
  document.documentElement.lang = currentLanguage() === "zh" ? "zh-CN" : "en";
  document.title = `Emoline · ${t("title")}`;
  elementById("skip").textContent = t("skip");
  renderBar();
  const { path, query } = readAddress();
  const jobId = /^\/jobs\/(job_[\w-]+)$/.exec(path)?.[1];
  shownPath = path;
  if (needsApiKey) {
    main.replaceChildren(createApiKeyForm(() => {
      needsApiKey = false;
      render();
    }));
  } else {
    if (jobId) main.replaceChildren(createJobView(jobId, query, view.signal));
    else if (path === "/compare") main.replaceChildren(createCompareView(query, view.signal));
    else if (path === "/trends") main.replaceChildren(createTrendsView(query, view.signal));
    else main.replaceChildren(createJobListView(query, view.signal));
  }
  if (focus) {
    (main.querySelector("h1") ?? main).focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

/**
 * The path of the page's address after `#`, and its parameters. A link that shares a call has a key in its address: it is
 * kept for this tab and leaves the address, so that it stays out of pictures of the screen.
 */
function readAddress() {
  const shared = /^#\/shared\/([\w-]+)\/(job_[\w-]+.*)$/.exec(location.hash);
  if (shared) {
    storeApiKey(shared[1]);
    history.replaceState(null, "", `#/jobs/${shared[2]}`);
  }
  const [path, query] = location.hash.slice(1).split("?");
  return { path: path || "/", query: new URLSearchParams(query ?? "") };
}

function renderBar() {
  const theme = createSelect({ onchange: () => setTheme(theme.value), "aria-label": t("theme") },
    THEMES.map((name) => [name, t(`theme.${name}`)]), localStorage.getItem(STORAGE_KEY) ?? "auto");
  const onLanguage = () => {
    setLanguage(language.value);
    render();
    elementById("language").focus();
  };
  const language = createSelect({ id: "language", onchange: onLanguage, "aria-label": t("language") }, LANGUAGES, currentLanguage());
  const onForget = () => {
    forgetApiKey();
    render();
  };
  elementById("bar").replaceChildren(
    h("a.brand", { href: "#/" }, h("img", { src: "/page/icon.svg", alt: "", width: 26, height: 26 }), "Emoline"),
    h("nav", {}, h("a", { href: "#/" }, t("home")), h("a", { href: "#/trends" }, t("trends")), h("a", { href: "/docs" }, t("docs"))),
    h("span.tools", {}, 
      getApiKey() ? h("button.plain", { type: "button", onclick: onForget }, t("key.forget")) : null, language, theme));
}

/** @param {string} theme */
function setTheme(theme) {
  localStorage.setItem(STORAGE_KEY, theme);
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("themechange"));
}

/** @param {string} message */
function showConnection(message) {
  elementById("away").textContent = message;
}

connection.addEventListener("unauthorized", () => {
  if (needsApiKey) return;
  needsApiKey = true;
  render({ focus: true });
});
connection.addEventListener("offline", () => showConnection(t("error.away.wait")));
connection.addEventListener("online", () => {
  showConnection(t("error.back"));
  setTimeout(() => showConnection(""), 4000);
  render();
});
elementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => {
  const { path, query } = readAddress();
  // A link to another moment of the call that is open: it moves there, and is loaded no second time.
  if (path === shownPath && query.has("t")) view.signal.dispatchEvent(new CustomEvent("moment", { detail: query }));
  else render({ focus: true });
});
setTheme(localStorage.getItem(STORAGE_KEY) ?? "auto");
render();
