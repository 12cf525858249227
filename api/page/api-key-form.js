/** The form that asks for an API key, where the service needs one. */
import { ApiError, forgetApiKey, getJobs, messageOf, storeApiKey } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Create the form.
 * @param {() => void} onAccepted called once the service accepted a key
 */
export function createApiKeyForm(onAccepted) {
  const input = h("input", { type: "password", id: "key", required: true, autocomplete: "off", spellcheck: false });
  const problem = h("p.error", { role: "alert" });
  /** @param {SubmitEvent} event */
  const onsubmit = async (event) => {
    event.preventDefault();
    storeApiKey(input.value.trim());
    try {
      await getJobs(new URLSearchParams({ limit: "1" }));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 403)) {  // a key that may not read may still send
        if (error instanceof ApiError) forgetApiKey();
        problem.textContent = t("key.wrong", { detail: messageOf(error) });
        input.focus();
        return;
      }
    }
    onAccepted();
  };
  return h("form.key", { onsubmit },
    h("h1", { tabIndex: -1 }, t("key.title")),
    h("p.about", {}, t("key.why")),
    h("label", { htmlFor: "key" }, t("key.label")), input, problem,
    h("button.primary", {}, t("key.use")));
}
