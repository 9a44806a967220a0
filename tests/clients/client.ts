// Posts, waits, edits and decides with the types that openapi-typescript generates.
// The compiler checks the calls against them; `openapi-fetch` sends what it is given.
import createClient from "openapi-fetch";
import type { paths, components } from "./netiquette.ts";

declare const process: { env: Record<string, string> };

const client = createClient<paths>({
  baseUrl: process.env.NETIQUETTE_URL,
  headers: { Authorization: `Bearer ${process.env.NETIQUETTE_KEY}` },
});
const thread = { key: "client-ts", title: "Radweg" };
const moderator: components["schemas"]["ModeratorIn"] = { key: "petra", name: "Petra" };
const patient = { Prefer: "wait=10" };

// What was asked for; throws the `type` of the problem otherwise.
function found<Data>(answer: { data?: Data; error?: components["schemas"]["ProblemOut"] }): Data {
  if (answer.data === undefined) throw new Error(answer.error?.type);
  return answer.data;
}

const posted = await client.POST("/v1/comments", {
  params: { header: patient },
  body: { thread, member: { key: "lena" }, body: "Das sehe ich anders.", audience: "public" },
});
const comment = found(posted);
const path = { comment_id: comment.id };

const edited = found(
  await client.PATCH("/v1/comments/{comment_id}", {
    params: { path, header: patient },
    body: { body: "Du Idiot!" },
  }),
);

const inThread = { params: { path: { key: thread.key } } };
await client.PATCH("/v1/threads/{key}", { ...inThread, body: { open: false } });
const titled = found(
  await client.PATCH("/v1/threads/{key}", { ...inThread, body: { title: "Der Radweg" } }),
);

const queue = found(
  await client.GET("/v1/review/queue", {
    params: { query: { order: "riskiest" }, header: { "Netiquette-Moderator": moderator.key } },
  }),
);

const decide = (revision: number) =>
  client.POST("/v1/comments/{comment_id}/decisions", {
    params: { path },
    body: { state: "rejected", revision, reason: "insult", moderator },
  });
const outdated = await decide(1);
const decision = found(await decide(edited.revision));

const batch = found(
  await client.POST("/v1/comments/batch", {
    body: {
      comments: [
        { thread: { key: "anders" }, member: { key: "max" }, body: "Danke!", audience: "public" },
      ],
    },
  }),
);
const history = found(
  await client.GET("/v1/comments/{comment_id}/history", { params: { path } }),
);
const forms = history.items.flatMap((item) =>
  item.kind === "decision" && item.facts.forms ? [Object.keys(item.facts.forms)] : [],
);

console.log(
  JSON.stringify({
    posted: [posted.response.status, comment.state],
    applied: posted.response.headers.get("Preference-Applied"),
    edited: [edited.state, edited.revision, edited.decision?.reasons[0]?.code],
    thread: [titled.open, titled.title],
    risk: queue.items[0]?.risk,
    outdated: outdated.error?.type,
    decided: [decision.from_state, decision.state, decision.moderator?.name],
    batch: batch.items.length,
    judged: forms.length,
  }),
);
