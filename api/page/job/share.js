/** Handing on a moment of a call: its address, and links for people without a key, which expire. */
import { getShares, messageOf, request } from "../api.js";
import { createSelect, h } from "../dom.js";
import { formatClock, formatDate } from "../format.js";
import { t } from "../i18n.js";

const HOUR_S = 3600;
/** The seconds for which a link lasts, by the key of their text. */
const LASTS = { "share.hour": HOUR_S, "share.day": 24 * HOUR_S, "share.week": 7 * 24 * HOUR_S, "share.month": 30 * 24 * HOUR_S };

/**
 * The address of a moment of a job, within the page.
 * @param {string} jobId
 * @param {number} ms
 */
export const momentHash = (jobId, ms) => `#/jobs/${jobId}?t=${(ms / 1000).toFixed(1)}`;

/**
 * Open the dialog that hands on a moment.
 * @param {string} jobId
 * @param {number} ms
 * @param {AbortSignal} signal
 */
export function openShareDialog(jobId, ms, signal) {
  const page = `${location.origin}${location.pathname}`;
  const problem = h("p.error", { role: "alert" });
  const links = h("ul.shares-made");
  const lasts = createSelect({ id: "share-lasts" }, Object.keys(LASTS).map((key) => [key, t(key)]), "share.week");
  const created = h("div");
  const create = async () => {
    problem.textContent = "";
    try {
      const lasts_s = LASTS[/** @type {keyof typeof LASTS} */ (lasts.value)];
      const response = await request(`/v1/jobs/${jobId}/shares`, { method: "POST", json: { lasts_s } });
      const { secret } = await response.json();
      created.replaceChildren(createLink("share.link", `${page}#/shared/${secret}/${jobId}?t=${(ms / 1000).toFixed(1)}`));
      await list();
    } catch (error) {
      problem.textContent = messageOf(error);
    }
  };
  const list = async () => {
    const { data } = await getShares(jobId, signal);
    const valid = data.filter(({ revoked_at, expires_at }) => !revoked_at && new Date(expires_at) > new Date());
    links.replaceChildren(...valid.map((share) => {
      const revoke = async () => {
        await request(`/v1/jobs/${jobId}/shares/${share.id}`, { method: "DELETE" }).catch((error) => (problem.textContent = messageOf(error)));
        await list();
      };
      return h("li", {}, h("code", {}, `${share.prefix}…`), h("span.about", {}, t("share.until", { date: formatDate(share.expires_at) })),
        h("button.plain", { type: "button", onclick: revoke }, t("share.revoke")));
    }));
  };
  list().catch(() => {});  // a shared link itself may not list them
  const dialog = h("dialog.share", { "aria-labelledby": "share-title" },
    h("h2", { id: "share-title" }, t("share.title", { time: formatClock(ms, 1) })),
    createLink("share.address", page + momentHash(jobId, ms)),
    h("p.about", {}, t("share.about")),
    h("p.new-share", {}, h("label.filter", { htmlFor: lasts.id }, t("share.lasts"), lasts),
      h("button", { type: "button", onclick: create }, t("share.create"))),
    created, problem, links,
    h("div.actions", {}, h("button", { type: "button", onclick: () => dialog.close() }, t("close"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * Create a field with an address and a button that copies it.
 * @param {string} key of the field's name
 * @param {string} address
 */
function createLink(key, address) {
  const field = h("input", { type: "text", readOnly: true, value: address, id: key.replace(".", "-"), onfocus: () => field.select() });
  const copied = h("span.about", { role: "status" });
  const copy = async () => {
    field.select();
    await navigator.clipboard?.writeText(address).then(() => (copied.textContent = t("share.copied")), () => {});
  };
  return h("div.address", {}, h("label", { htmlFor: field.id }, t(key)),
    h("span", {}, field, h("button", { type: "button", onclick: copy }, t("share.copy")), copied));
}
