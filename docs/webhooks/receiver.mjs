// A webhook receiver in Node: `npm install standardwebhooks`, then
//
// WEBHOOK_SECRET=whsec_… API=http://127.0.0.1:8000 API_KEY=nq_… node receiver.mjs 9000
//
// It prints what it applies. What it knows stands in `state.json`; a real one keeps that
// in its database, in the transaction that applies the event.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const { WEBHOOK_SECRET, API, API_KEY } = process.env;
const STATE = "state.json";
const state = existsSync(STATE)
  ? JSON.parse(readFileSync(STATE, "utf8"))
  : { position: 0, seen: [], newest: {} };

// Applies an event once, and never an older one about the same comment after a newer one.
function apply(id, sequence, event) {
  const comment = event.data.comment?.id;
  if (state.seen.includes(id) || sequence <= (state.newest[comment] ?? 0)) return;
  console.log(sequence, event.type, comment ?? null);
  state.seen = [...state.seen, id].slice(-10_000);
  if (comment) state.newest[comment] = sequence;
  writeFileSync(STATE, JSON.stringify(state));
}

// Reads what was missed, however long this was away; 410 means: longer than it is kept.
async function catchUp() {
  for (;;) {
    const response = await fetch(`${API}/v1/events?after=${state.position}`, {
      headers: { Authorization: `Bearer ${API_KEY}` },
    });
    if (!response.ok) throw new Error(`GET /v1/events answered ${response.status}`);
    const page = await response.json();
    for (const item of page.items) apply(item.id, item.sequence, item);
    state.position = page.next;
    if (page.items.length === 0) return;
  }
}

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts).toString("utf8"); // the bytes as they came: they are signed
  let event;
  try {
    event = new Webhook(WEBHOOK_SECRET).verify(body, request.headers);
  } catch {
    response.writeHead(400).end("Bad signature");
    return;
  }
  apply(request.headers["webhook-id"], event.data.sequence, event);
  response.writeHead(204).end();
});

await catchUp();
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
