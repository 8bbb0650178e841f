"use strict";

// The portal's half of an application's frame: brings the application in with the POST that the portal owes it, and
// answers the messages by which its page asks for things. A message is `command[:{parameters}][:callback]:APP_SID`; the
// answer is `callback:value`.

let frames = [];

async function ask(path, fields) {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** Opens an application inside `place`. `close` is what its page may ask for. */
async function open(button, place, close) {
  const { app, placement, handler = "" } = button.dataset;
  const post = await ask("/frame/open/", { app, placement, handler });
  const iframe = document.createElement("iframe");
  // The SDK reads domain, protocol and session from here.
  iframe.name = post.name;
  iframe.title = post.title;
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: post.action, target: post.name, hidden: true });
  for (const [name, value] of post.fields) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  place.append(iframe, form);
  frames.push({ ...post, iframe, place, close, origin: new URL(post.action).origin });
  form.submit();
  form.remove();
}

/** A panel over the page, as the portal slides one in from the right. */
function slider(title) {
  const dialog = document.createElement("dialog");
  dialog.className = "slider";
  const heading = document.createElement("h2");
  heading.textContent = title;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "close", textContent: document.body.dataset.close });
  button.addEventListener("click", () => dialog.close());
  dialog.append(button, heading);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Shows one of the portal's own pages in a panel and tells when it was closed. */
function openPath(path) {
  const place = new URL(path, location.href);
  if (place.origin !== location.origin) return { result: "error", errorCode: "PATH_NOT_AVAILABLE" };
  const dialog = slider("");
  const iframe = document.createElement("iframe");
  iframe.src = place.href;
  dialog.append(iframe);
  return new Promise((done) => dialog.addEventListener("close", () => done({ result: "close" })));
}

const commands = {
  getInitData: (frame) => frame.init,
  async refreshAuth(frame) {
    const auth = await ask("/frame/auth/", { sid: frame.sid });
    Object.assign(frame.init, auth);
    return auth;
  },
  async setInstallFinish(frame) {
    const done = await ask("/frame/installed/", { sid: frame.sid });
    // The installer gives way to the application.
    if (done) setTimeout(() => location.reload());
    return done;
  },
  setInstall: () => true,
  setAppOption: (frame, { name, value }) => void (frame.init.APP_OPTIONS[name] = value),
  setUserOption: (frame, { name, value }) => void (frame.init.USER_OPTIONS[name] = value),
  resizeWindow(frame, { height }) {
    if (Number(height) > 0) frame.iframe.style.height = `${Number(height)}px`;
  },
  reloadWindow: () => setTimeout(() => location.reload()),
  setTitle(frame, { title }) {
    const heading = document.querySelector(frame.place.matches("dialog") ? "dialog h2" : "main h1");
    if (heading) heading.textContent = title;
  },
  setScroll(frame, { scroll }) {
    (frame.place.matches("dialog") ? frame.place : window).scrollTo({ top: Number(scroll) });
  },
  closeApplication: (frame) => frame.close(),
  openPath: (frame, { path }) => openPath(path),
  getInterface: () => ({ command: Object.keys(commands), event: [] }),
};

/** The parameters contain colons of their own, and both they and the callback may be missing. */
function read(text) {
  const parts = text.split(":");
  const command = parts.shift();
  const sid = parts.pop();
  // Only parameters end with a bracket.
  const callback = parts.length && !/[}\]]$/.test(parts.at(-1)) ? parts.pop() : "";
  const sent = parts.join(":");
  return { command, sid, callback, params: sent ? JSON.parse(sent) : {} };
}

window.addEventListener("message", async ({ source, origin, data }) => {
  const frame = frames.find((open) => open.iframe.contentWindow === source);
  if (!frame || frame.origin !== origin || typeof data !== "string") return;
  const { command, sid, callback, params } = read(data);
  // What this portal does not know it does not answer, as the real one.
  if (sid !== frame.sid || !Object.hasOwn(commands, command)) return;
  const value = await commands[command](frame, params);
  if (callback) source.postMessage(`${callback}:${value === undefined ? "" : JSON.stringify(value)}`, origin);
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-placement]");
  if (!button) return;
  const dialog = slider(button.textContent.trim());
  dialog.addEventListener("close", () => {
    frames = frames.filter((open) => open.place !== dialog);
  });
  open(button, dialog, () => dialog.close());
});

const page = document.querySelector("div[data-placement]");
if (page) open(page, page, () => location.assign("/"));

document.querySelector(".switches")?.addEventListener("change", ({ currentTarget }) => currentTarget.submit());
