/** Uploads of recordings, each with its progress and its error. */
import { authorization, request, toApiError, waitForService } from "../api.js";
import { h } from "../dom.js";
import { formatMegabytes, formatPercent } from "../format.js";
import { t } from "../i18n.js";
import { createOptionsForm } from "./options-form.js";

/** @typedef {import("../api.js").Job} Job */

/** A call that nobody held, to try. */
const SAMPLE = "/page/sample.opus";
const SAMPLE_NAME = "sample-call.opus";

/**
 * The uploads that run or have failed: they outlive the view that began them.
 * @type {Set<Upload>}
 */
const uploads = new Set();
let list = h("ul.uploads");
/** @type {(job: Job) => void} */
let onSubmitted = () => {};

/**
 * Create the area to drop recordings at, with the options and the uploads.
 * @param {(job: Job) => void} onSubmit called with each job that was made
 */
export function createUploader(onSubmit) {
  onSubmitted = onSubmit;
  const options = createOptionsForm();
  /** @param {FileList} files */
  const uploadAll = (files) => {
    for (const file of files) new Upload(file, options.readConfig(), randomKey()).start();
  };
  const input = h("input", { type: "file", multiple: true, id: "files", accept: "audio/*,video/*,*/*" });
  input.addEventListener("change", () => {
    if (input.files) uploadAll(input.files);
    input.value = "";
  });
  const sample = h("button.plain", { type: "button", onclick: async () => {
    const response = await request(SAMPLE).catch(() => null);
    if (!response) return;
    const file = new File([await response.blob()], SAMPLE_NAME, { type: "audio/ogg" });
    new Upload(file, { channels: "split", roles: [t("sample.role0"), t("sample.role1")], metadata: { sample: "true" } }, randomKey()).start();
  } }, t("upload.sample"));
  list = h("ul.uploads", { "aria-label": t("upload.choose") });
  uploads.forEach((upload) => upload.render());
  const area = h("div.drop", {},
    h("p.big", {}, h("span.drops", {}, t("upload.drop")), h("span.taps", {}, t("upload.tap"))),
    h("p.about", {}, t("upload.or")),
    h("p.choose", {}, input, h("label.button.primary", { htmlFor: "files" }, t("upload.choose")), sample),
    h("p.about.privacy", {}, t("upload.privacy")));
  acceptDrops(area, uploadAll);
  return h("section.upload", { "aria-label": t("upload.choose") }, area, options.element, list);
}

/**
 * @param {HTMLElement} area
 * @param {(files: FileList) => void} onDrop
 */
function acceptDrops(area, onDrop) {
  /** @param {DragEvent} event */
  const onDragOver = (event) => {
    event.preventDefault();
    area.classList.add("over");
  };
  area.addEventListener("dragenter", onDragOver);
  area.addEventListener("dragover", onDragOver);
  area.addEventListener("dragleave", (event) => {
    if (!area.contains(/** @type {Node | null} */ (event.relatedTarget))) area.classList.remove("over");
  });
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    if (event.dataTransfer) onDrop(event.dataTransfer.files);
  });
}

/** A random idempotency key; `crypto.randomUUID` exists over https only. */
function randomKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((number) => number.toString(16)).join("-");
}

class Upload {
  /**
   * @param {File} file
   * @param {object} config of the job
   * @param {string} key the idempotency key: a second attempt sends the same, so that a recording is not analysed twice
   */
  constructor(file, config, key) {
    this.file = file;
    this.config = config;
    this.key = key;
    this.share = 0;
    this.error = "";
    this.request = new XMLHttpRequest();  // fetch does not tell how much was sent
    this.status = h("span.about.says");
    this.progress = h("progress", { max: 1, "aria-label": file.name });
    this.element = h("li.sent");
  }

  start() {
    const { request } = this;
    uploads.add(this);
    this.render();
    const form = new FormData();
    if (Object.keys(this.config).length) form.append("config", JSON.stringify(this.config));
    form.append("file", this.file);
    request.open("POST", "/v1/jobs");
    const headers = { "Idempotency-Key": this.key, ...authorization() };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      this.share = event.loaded / event.total;
      this.showProgress();
    });
    request.addEventListener("load", () => this.finish());
    request.addEventListener("error", () => this.failOffline());
    request.addEventListener("abort", () => this.dismiss());
    request.send(form);
  }

  finish() {
    const { status, responseText } = this.request;
    if (status !== 202) {
      this.fail(toApiError(status, responseText).message);
      return;
    }
    let job;
    try {
      job = JSON.parse(responseText);
    } catch {  // browsers give the part that came of a response that broke off
      this.failOffline();
      return;
    }
    this.dismiss();
    onSubmitted(job);
  }

  failOffline() {
    waitForService();
    this.fail(t("error.lost"));
  }

  /** @param {string} message */
  fail(message) {
    this.error = message;
    this.render();
  }

  dismiss() {
    uploads.delete(this);
    this.element.remove();
  }

  retry() {
    this.dismiss();
    new Upload(this.file, this.config, this.key).start();
  }

  showProgress() {
    this.status.textContent = this.share < 1 ? t("upload.sending", { percent: formatPercent(this.share) }) : t("upload.stored");
    this.progress.value = this.share;
  }

  /** Show the upload in the list, in the chosen language. */
  render() {
    /** @param {string} key @param {() => void} onclick */
    const button = (key, onclick) => h("button.plain", { type: "button", onclick }, t(key));
    this.showProgress();
    this.element.replaceChildren(h("span.name", {}, this.file.name), h("span.about", {}, formatMegabytes(this.file.size)));
    if (this.error) {
      this.element.append(h("p.error", { role: "alert" }, this.error),
        button("upload.again", () => this.retry()), button("upload.dismiss", () => this.dismiss()));
    } else {
      this.element.append(this.status, this.progress, button("cancel", () => this.request.abort()));
    }
    if (!list.contains(this.element)) list.append(this.element);
  }
}
