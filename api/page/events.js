/** Server-sent events over fetch, which, unlike EventSource, can send a key. */
import { Problem, ask } from "./api.js";

const PAUSE_MS = 1500;

/**
 * A job whenever it changes, up to how it ended. A connection that breaks is made again, from the last event on.
 * @param {string} jobId
 * @param {AbortSignal} signal
 */
export async function* follow(jobId, signal) {
  let last = "";
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const answer = await ask(`/v1/jobs/${jobId}/events`, { headers, signal });
      for await (const event of events(answer.body)) {
        last = event.id ?? last;
        yield JSON.parse(event.data);
        if (event.event !== "progress") return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status < 500 && error.status !== 429) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** @param {ReadableStream<Uint8Array>} body */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + value).split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) {
      const event = fields(block);
      if (event.data) yield event;
    }
  }
}

function fields(block) {
  const found = {};
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) found[name] = name in found ? `${found[name]}\n${value}` : value;
  }
  return found;
}
