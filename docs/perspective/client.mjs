// Scores each line of stdin: node client.mjs http://127.0.0.1:8000 nq_… de < texts
// Without a language, Netiquette finds it.
import { createInterface } from 'node:readline';
import axios from 'axios';
import Perspective from 'perspective-api-client';

const [address, apiKey, language] = process.argv.slice(2);

// The client has Google's address built in; nothing else is changed.
axios.interceptors.request.use((config) => {
  config.url = config.url.replace('https://commentanalyzer.googleapis.com', address);
  return config;
});

const perspective = new Perspective({ apiKey });

for await (const text of createInterface({ input: process.stdin })) {
  try {
    const answer = await perspective.analyze({
      comment: { text },
      ...(language && { languages: [language] }),
      requestedAttributes: { TOXICITY: {} },
    });
    console.log(JSON.stringify(answer));
  } catch (error) {
    console.log(JSON.stringify({ error: error.name, message: error.message }));
  }
}
