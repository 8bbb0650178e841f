// Stands in for a channel while the examples are checked: reads every way of sending into one JSON
// line on standard output, and answers as the bridge does. Its first line is its own address.
// /in/<slug> is accepted, /refused/<slug> is answered with 404.

import { createServer } from 'node:http';

function plain(pairs) {
  return Object.fromEntries(pairs);
}

async function fieldsOf(request, url) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const type = request.headers['content-type'] ?? '';
  if (request.method === 'GET') return plain(url.searchParams);
  if (type.startsWith('application/json')) return JSON.parse(Buffer.concat(chunks).toString());
  return plain(await new Response(Buffer.concat(chunks), { headers: { 'content-type': type } }).formData());
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://receiver');
  const way = (request.headers['content-type'] ?? '').split(';')[0];
  const fields = await fieldsOf(request, url);
  console.log(JSON.stringify({ method: request.method, way, fields }));
  const refused = url.pathname.startsWith('/refused/');
  response.writeHead(refused ? 404 : 200, { 'content-type': 'application/json' });
  response.end(
    refused
      ? '{"error":"unknown_channel","message":"There is no channel at this address."}'
      : '{"status":"accepted","id":"0000000000000"}',
  );
});

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
