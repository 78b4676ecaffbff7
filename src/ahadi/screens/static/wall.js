// Keeps the wallboard true: asks again every few seconds, for ever, and says how old is what it shows.
// @ts-check
"use strict";
(() => {
  const EVERY = 5000, PATIENCE = 12000, STALE = 30; // milliseconds, milliseconds, seconds
  const body = document.body;
  let came = performance.now(), failures = 0, ended = false;
  const styles = () => [...document.querySelectorAll("link[rel=stylesheet], script[src]")].map((each) => each.outerHTML).join();

  /** How old is what stands there, by a clock that nobody sets. */
  function tellAge() {
    const seconds = Math.floor((performance.now() - came) / 1000);
    const state = ended ? "ended" : seconds >= STALE ? "stale" : "fresh";
    const [words, n] = seconds < 60 ? [body.dataset.seconds, seconds]
      : seconds < 3600 ? [body.dataset.minutes, Math.floor(seconds / 60)] : [body.dataset.hours, Math.floor(seconds / 3600)];
    const age = (words || "").replace("{n}", String(n));
    const text = ended ? body.dataset.ended || "" : state === "stale" ? `${body.dataset.lost} · ${age}` : age;
    const line = document.getElementById("age");
    if (line && line.textContent !== text) line.textContent = text;
    if (body.dataset.state !== state) body.dataset.state = state;
  }

  async function ask() {
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      if (answer.redirected || [401, 403, 404].includes(answer.status)) take("");
      else if (answer.ok) take(await answer.text());
      else failures += 1;
    } catch {
      failures += 1; // no network, or a server that starts anew: the next time, or the one after
    }
    tellAge();
    setTimeout(ask, Math.min(EVERY * 2 ** Math.min(failures, 3), 30000) * (0.9 + Math.random() / 5));
  }

  /** @param {string} text */
  function take(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const main = page.getElementById("wall"), here = document.getElementById("wall");
    ended = !main; // sent to where people sign in: the link was revoked. It is asked on, in case it was put right.
    if (!main || !here) return;
    const there = [...page.querySelectorAll("link[rel=stylesheet], script[src]")].map((each) => each.outerHTML).join();
    if (there !== styles()) { location.reload(); return; } // another release
    const time = page.getElementById("as-of"), shown = document.getElementById("as-of");
    if (time && shown) shown.textContent = time.textContent;
    here.replaceWith(document.adoptNode(main));
    came = performance.now();
    failures = 0;
  }

  setInterval(tellAge, 1000);
  setTimeout(ask, EVERY);
  tellAge();
  if ("wakeLock" in navigator) {
    const stay = () => document.visibilityState === "visible" && navigator.wakeLock.request("screen").catch(() => {});
    document.addEventListener("visibilitychange", stay);
    stay();
  }
})();
