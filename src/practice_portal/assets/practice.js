"use strict";

// Brings the newest records without a reload: the scroll position and the selection stay.
const EVERY_MS = 1500;

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = document.querySelector("main");
    const next = fresh.querySelector("main");
    if (answer.ok && now && next && now.innerHTML !== next.innerHTML) {
      now.replaceWith(document.adoptNode(next));
    }
  } catch {
    // The portal is being restarted: the next round will tell.
  }
  setTimeout(refresh, EVERY_MS);
}

setTimeout(refresh, EVERY_MS);
