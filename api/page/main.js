/** The page: which view is shown, in which language and light, and whether the service answers. */
import { apiKey, forgetKey, service } from "./api.js";
import { choice, h } from "./element.js";
import { jobsView } from "./jobs/list.js";
import { jobView } from "./job/view.js";
import { keyForm } from "./key.js";
import { chooseLanguage, chosenLanguage, t } from "./words.js";

const KEPT = "emoline.theme";
const LANGUAGES = [["en", "English"], ["zh", "中文"]];
const main = document.getElementById("main");
let view = new AbortController();
let needsKey = false;

function show(focus = false) {
  view.abort();
  view = new AbortController();
  document.documentElement.lang = chosenLanguage() === "zh" ? "zh-CN" : "en";
  document.title = `Emoline · ${t("title")}`;
  document.getElementById("skip").textContent = t("skip");
  bar();
  const job = /^#\/jobs\/(job_[\w-]+)$/.exec(location.hash);
  if (needsKey) main.replaceChildren(keyForm(() => ((needsKey = false), show())));
  else main.replaceChildren(job ? jobView(job[1], view.signal) : jobsView(view.signal));
  if (focus) (main.querySelector("h1") ?? main).focus({ preventScroll: true });
  if (focus) scrollTo(0, 0);
}

function bar() {
  const theme = choice({ onchange: (event) => light(event.target.value), "aria-label": t("theme") },
    ["auto", "light", "dark"].map((name) => [name, t(`theme.${name}`)]), localStorage.getItem(KEPT) ?? "auto");
  const speak = (event) => {
    chooseLanguage(event.target.value);
    show();
    document.getElementById("language").focus();
  };
  const language = choice({ id: "language", onchange: speak, "aria-label": t("language") }, LANGUAGES, chosenLanguage());
  const forget = () => {
    forgetKey();
    show();
  };
  document.getElementById("bar").replaceChildren(
    h("a.brand", { href: "#/" }, h("img", { src: "/page/icon.svg", alt: "", width: 26, height: 26 }), "Emoline"),
    h("nav", {}, h("a", { href: "#/" }, t("home")), h("a", { href: "/docs" }, t("docs"))),
    h("span.tools", {}, apiKey() && h("button.plain", { type: "button", onclick: forget }, t("key.forget")), language, theme));
}

function light(theme) {
  localStorage.setItem(KEPT, theme);
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("light"));
}

function say(key) {
  document.getElementById("away").textContent = key ? t(key) : "";
}

service.addEventListener("needs-key", () => {
  if (needsKey) return;
  needsKey = true;
  show(true);
});
service.addEventListener("away", () => say("error.away.wait"));
service.addEventListener("back", () => {
  say("error.back");
  setTimeout(say, 4000);
  show();
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => show(true));
light(localStorage.getItem(KEPT) ?? "auto");
show();
