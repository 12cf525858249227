/** Everything that can be taken along; with the key, so by fetching it first. */
import { save } from "../api.js";
import { h } from "../element.js";
import { chosenLanguage, t } from "../words.js";

const EXPORTS = ["csv", "jsonl", "parquet", "textgrid", "eaf", "rttm", "srt", "vtt", "audacity"];
const ENDINGS = { textgrid: "TextGrid", audacity: "txt" };

export function downloads(job) {
  const lang = chosenLanguage();
  const of = (path) => `/v1/jobs/${job.id}/${path}`;
  const files = [
    ["result", of("result"), "result.json"],
    ["heatmap", of(`heatmap.png?lang=${lang}`), "heatmap.png"],
    ["pdf", of(`report.pdf?lang=${lang}`), "report.pdf"],
    ["html", of(`report.html?lang=${lang}`), "report.html"],
    ...EXPORTS.map((format) => [format, of(`export?format=${format}`), `segments.${ENDINGS[format] ?? format}`]),
    ...(job.links.embeddings ? [["embeddings", job.links.embeddings, "embeddings.npz"]] : []),
  ];
  const says = h("p", { role: "status" });
  const stem = (job.audio.filename || job.id).replace(/\.\w+$/, "");
  const fetching = (name, path, file) => async () => {
    says.className = "about";
    says.textContent = t("downloads.busy", { name: t(`downloads.${name}`) });
    try {
      await save(path, `${stem}-${file}`);
      says.textContent = "";
    } catch (error) {
      says.className = "error";
      says.textContent = `${t(`downloads.${name}`)}: ${error.message}`;
    }
  };
  const buttons = files.map(([name, path, file]) =>
    h("li", {}, h("button.plain", { type: "button", onclick: fetching(name, path, file) }, t(`downloads.${name}`))));
  return h("details.downloads", {}, h("summary", {}, t("downloads")), h("div.menu", {}, h("ul", {}, ...buttons), says));
}
