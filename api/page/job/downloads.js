/** The files that can be downloaded: with the API key, so they are fetched first. */
import { download, messageOf } from "../api.js";
import { h } from "../dom.js";
import { currentLanguage, t } from "../i18n.js";

const EXPORT_FORMATS = ["csv", "jsonl", "parquet", "textgrid", "eaf", "rttm", "srt", "vtt", "audacity"];
/** The file name extensions of formats, where they differ from the format. @type {Record<string, string>} */
const EXTENSIONS = { textgrid: "TextGrid", audacity: "txt" };

/**
 * Create the menu of downloads.
 * @param {import("../api.js").Job} job
 */
export function createDownloads(job) {
  const lang = currentLanguage();
  const base = `/v1/jobs/${job.id}`;
  const files = [
    ["result", `${base}/result`, "result.json"],
    ["heatmap", `${base}/heatmap.png?lang=${lang}`, "heatmap.png"],
    ["pdf", `${base}/report.pdf?lang=${lang}`, "report.pdf"],
    ["html", `${base}/report.html?lang=${lang}`, "report.html"],
    ...EXPORT_FORMATS.map((format) => [format, `${base}/export?format=${format}`, `segments.${EXTENSIONS[format] ?? format}`]),
  ];
  if (job.links.embeddings) files.push(["embeddings", job.links.embeddings, "embeddings.npz"]);
  const status = h("p", { role: "status" });
  const stem = (job.audio.filename || job.id).replace(/\.\w+$/, "");
  const items = files.map(([key, path, filename]) => {
    const name = t(`downloads.${key}`);
    const onclick = async () => {
      status.className = "about";
      status.textContent = t("downloads.busy", { name });
      try {
        await download(path, `${stem}-${filename}`);
        status.textContent = "";
      } catch (error) {
        status.className = "error";
        status.textContent = `${name}: ${messageOf(error)}`;
      }
    };
    return h("li", {}, h("button.plain", { type: "button", onclick }, name));
  });
  const main = ["pdf", "html"].map((key) => items[files.findIndex(([name]) => name === key)]);
  const others = items.filter((item) => !main.includes(item));
  return h("section.downloads", { "aria-label": t("downloads") },
    h("ul.main", {}, ...main), h("details", {}, h("summary", {}, t("downloads")), h("div.menu", {}, h("ul", {}, ...others))), status);
}
