import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// The script as printed in gonzalo123's article "Building real time Python applications with Django Channels, Docker
// and Kubernetes" (gonzalo123.com, 2020-05-04), with which Clock stays compatible: static/js/app.js of its repository
// gonzalo123/clock.
const articleScript = `let getWsUri = () => {
  return window.location.protocol === "https:" ? "wss" : "ws" +
    '://' + window.location.host +
    "/time/tic/"
}

let render = value => {
  document.querySelector('#display').innerHTML = value
}

let ws = new ReconnectingWebSocket(getWsUri())

ws.onmessage = e => {
  const data = JSON.parse(e.data);
  render(data.message.time)
}

ws.onopen = async () => {
  let response = await axios.get("/api/initial_state")
  render(response.data.current)
}
`;

const require = createRequire(import.meta.url);

/** The page of that article: its script unchanged, with the two libraries that its template loads. */
export function articlePage(): string {
  return `<!DOCTYPE html>
<html>
<head><title>WS example</title><meta charset="utf-8"></head>
<body>
<header><h1 id="display">Loading</h1></header>
<script>${library(require.resolve('axios/package.json'), 'axios.min.js')}</script>
<script>${library(require.resolve('reconnecting-websocket/package.json'), 'reconnecting-websocket-iife.min.js')}</script>
<script>${articleScript}</script>
</body>
</html>`;
}

function library(packageFile: string, file: string): string {
  return readFileSync(join(dirname(packageFile), 'dist', file), 'utf8');
}
