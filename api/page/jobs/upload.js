/** Sending recordings: each with its progress, and what went wrong where it did. */
import { credentials, gone, refused } from "../api.js";
import { h } from "../element.js";
import { megabytes, percent } from "../format.js";
import { t } from "../words.js";
import { options } from "./options.js";

/** What is being sent or could not be: it outlives the page's other views. */
const uploads = new Set();
let list = h("ul.uploads");
let submitted = () => {};

/** The place to drop recordings at; `done` is called with each job that was made. */
export function uploader(done) {
  submitted = done;
  const chosen = options();
  const sendAll = (files) => [...files].forEach((file) => send(file, chosen.config()));
  const input = h("input", { type: "file", multiple: true, id: "files", accept: "audio/*,video/*,*/*" });
  input.addEventListener("change", () => {
    sendAll(input.files);
    input.value = "";
  });
  list = h("ul.uploads", { "aria-label": t("upload.choose") });
  uploads.forEach(show);
  const area = h("div.drop", {},
    h("p.big", {}, t("upload.drop")),
    h("p.about", {}, t("upload.or")),
    input, h("label.button.primary", { htmlFor: "files" }, t("upload.choose")));
  takeDrops(area, sendAll);
  return h("section.upload", { "aria-label": t("upload.choose") }, area, chosen.element, list);
}

function takeDrops(area, sendAll) {
  const over = (event) => {
    event.preventDefault();
    area.classList.add("over");
  };
  area.addEventListener("dragenter", over);
  area.addEventListener("dragover", over);
  area.addEventListener("dragleave", (event) => area.contains(event.relatedTarget) || area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    sendAll(event.dataTransfer.files);
  });
}

/** With a key, the same for another attempt, so that a recording whose answer was lost is not analysed twice. */
function send(file, config, key = randomKey()) {
  const upload = { file, config, key, share: 0, error: null, request: new XMLHttpRequest(), element: null };
  uploads.add(upload);
  show(upload);
  start(upload);
}

/** XMLHttpRequest, because fetch does not tell how much was sent. */
function start(upload) {
  const { file, config, key, request } = upload;
  const form = new FormData();
  if (Object.keys(config).length) form.append("config", JSON.stringify(config));
  form.append("file", file);
  request.open("POST", "/v1/jobs");
  const headers = { "Idempotency-Key": key, ...credentials() };
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", (event) => {
    upload.share = event.loaded / event.total;
    show(upload);
  });
  request.addEventListener("load", () => answered(upload));
  request.addEventListener("error", () => lost(upload));
  request.addEventListener("abort", () => dismiss(upload));
  request.send(form);
}

function answered(upload) {
  const { status, responseText } = upload.request;
  if (status !== 202) {
    fail(upload, refused(status, responseText).message);
    return;
  }
  let job;
  try {
    job = JSON.parse(responseText);
  } catch {  // of an answer that broke off browsers show what came
    lost(upload);
    return;
  }
  dismiss(upload);
  submitted(job);
}

function lost(upload) {
  gone();
  fail(upload, t("error.lost"));
}

/** `crypto.randomUUID` is there over https only. */
function randomKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((it) => it.toString(16)).join("-");
}

function fail(upload, sentence) {
  upload.error = sentence;
  show(upload);
}

function dismiss(upload) {
  uploads.delete(upload);
  upload.element?.remove();
}

function again(upload) {
  dismiss(upload);
  send(upload.file, upload.config, upload.key);
}

function show(upload) {
  const { file, share, error, request, element } = upload;
  const says = share < 1 ? t("upload.sending", { percent: percent(share) }) : t("upload.stored");
  if (element?.isConnected && !error) {
    element.querySelector(".says").textContent = says;
    element.querySelector("progress").value = share;
    return;
  }
  const button = (key, onclick) => h("button.plain", { type: "button", onclick }, t(key));
  const row = h("li.sent", {},
    h("span.name", {}, file.name), h("span.about", {}, megabytes(file.size)),
    error ? h("p.error", { role: "alert" }, error) : h("span.about.says", {}, says),
    error ? button("upload.again", () => again(upload)) : h("progress", { max: 1, value: share, "aria-label": file.name }),
    error ? button("upload.dismiss", () => dismiss(upload)) : button("cancel", () => request.abort()));
  if (element?.isConnected) element.replaceWith(row);
  else list.append(row);
  upload.element = row;
}
