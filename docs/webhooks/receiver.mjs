// A webhook receiver in Node: `npm install standardwebhooks`, then
//
// WEBHOOK_SECRET=whsec_… API=http://127.0.0.1:8000 API_KEY=nq_… node receiver.mjs 9000
//
// It prints what it applies. What it knows stands in `state.json`; a real one keeps that in
// its database, in the transaction that applies the event.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const { WEBHOOK_SECRET, API, API_KEY } = process.env;
const STATE = "state.json";
const state = existsSync(STATE)
  ? JSON.parse(readFileSync(STATE, "utf8"))
  : { position: 0, seen: [], newest: {} };

const keep = () => writeFileSync(STATE, JSON.stringify(state));

// Applies an event once, and a comment's state never after a newer one.
function apply(id, sequence, event) {
  const comment = event.data.decision && event.data.comment.id;
  if (state.seen.includes(id) || sequence <= (state.newest[comment] ?? 0)) return;
  console.log(sequence, event.type);
  state.seen = [...state.seen, id].slice(-10_000);
  if (comment) state.newest[comment] = sequence;
}

// Reads on in what was missed; tells if there may be more. 410: it is no longer kept.
async function catchUp() {
  const response = await fetch(`${API}/v1/events?after=${state.position}`, {
    headers: { Authorization: `Bearer ${API_KEY}` },
  });
  if (!response.ok) throw new Error(`GET /v1/events answered ${response.status}`);
  const page = await response.json();
  for (const item of page.items) apply(item.id, item.sequence, item);
  state.position = page.next;
  keep();
  return page.items.length > 0;
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
  keep();
  response.writeHead(204).end();
});

while (await catchUp());
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
