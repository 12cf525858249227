/** Server-sent events over fetch, which, unlike EventSource, can send an API key. */
import { ApiError, request } from "./api.js";

/** @typedef {{id?: string, event?: string, data?: string}} ServerEvent */

const RECONNECT_MS = 1500;

/**
 * Yield a job whenever it changes, until it has ended. A broken connection is made again, from the last event on.
 * @param {string} jobId
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<import("./api.js").Job>}
 */
export async function* followJob(jobId, signal) {
  let lastId = "";
  while (!signal.aborted) {
    try {
      /** @type {Record<string, string>} */
      const headers = { Accept: "text/event-stream" };
      if (lastId) headers["Last-Event-ID"] = lastId;
      const response = await request(`/v1/jobs/${jobId}/events`, { headers, signal });
      for await (const { id, event, data } of readEvents(/** @type {ReadableStream<BufferSource>} */ (response.body))) {
        if (!data) continue;
        lastId = id ?? lastId;
        yield JSON.parse(data);
        if (event !== "progress") return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

/**
 * @param {ReadableStream<BufferSource>} body
 * @returns {AsyncGenerator<ServerEvent>}
 */
async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + value).split(/\r?\n\r?\n/);
    text = blocks.pop() ?? "";
    yield* blocks.map(parseEvent);
  }
}

/** @param {string} block */
function parseEvent(block) {
  /** @type {Record<string, string>} */
  const event = {};
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) event[name] = name in event ? `${event[name]}\n${value}` : value;
  }
  return event;
}
