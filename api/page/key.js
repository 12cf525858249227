/** Asking for an API key, where the service wants one. */
import { Problem, forgetKey, get, rememberKey } from "./api.js";
import { h } from "./element.js";
import { t } from "./words.js";

/** The form; `accepted` is called once the service took a key. */
export function keyForm(accepted) {
  const input = h("input", { type: "password", id: "key", required: true, autocomplete: "off", spellcheck: false });
  const problem = h("p.error", { role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    rememberKey(input.value.trim());
    try {
      await get("/v1/jobs?limit=1");
    } catch (error) {
      if (!(error instanceof Problem && error.status === 403)) {  // one that may not read may still send
        if (error instanceof Problem) forgetKey();
        problem.textContent = t("key.wrong", { detail: error.message });
        input.focus();
        return;
      }
    }
    accepted();
  };
  return h("form.key", { onsubmit: submit },
    h("h1", { tabIndex: -1 }, t("key.title")),
    h("p.about", {}, t("key.why")),
    h("label", { htmlFor: "key" }, t("key.label")), input, problem,
    h("button.primary", {}, t("key.use")));
}
