// On the page of a case about which somebody chats: who types, who has seen what. Messages come with the page itself.
// @ts-check
"use strict";
(() => {
  /** @type {EventSource | null} */ let stream = null;
  let address = "", typedAt = 0, openedAt = 0, seen = -1, typingTimer = 0;

  /** @returns {HTMLElement | null} */
  const strip = () => document.querySelector("[data-chat]");
  /** @param {string} name @param {boolean} shown */
  const show = (name, shown) => {
    const part = strip()?.querySelector(`[data-chat-${name}]`);
    if (part instanceof HTMLElement) part.hidden = !shown;
  };
  /** @param {string} path */
  const post = (path) => fetch(`${address}/${path}`, { method: "POST", credentials: "same-origin" }).catch(() => null);

  function see() {
    const here = strip();
    const last = Number(here?.dataset.chatLast || 0);
    if (!here || here.dataset.chatWorks === undefined || document.hidden || last <= seen) return;
    seen = last;
    post(`seen?position=${last}`);
  }

  function listen() {
    const wanted = document.hidden ? "" : strip()?.dataset.chat || "";
    const refused = stream?.readyState === EventSource.CLOSED && Date.now() - openedAt > 15000;
    if (wanted !== address || (wanted && refused)) {
      stream?.close();
      stream = null;
      if (wanted !== address) seen = -1;
      address = wanted;
      if (wanted) open(wanted);
    }
    see();
  }

  /** @param {string} at */
  function open(at) {
    openedAt = Date.now();
    stream = new EventSource(`${at}/live`);
    stream.addEventListener("state", (event) => {
      const state = JSON.parse(event.data);
      show("there", state.there);
      show("gone", !state.there);
      show("seen", state.seen);
      show("unseen", !state.seen);
    });
    stream.addEventListener("typing", () => {
      show("typing", true);
      clearTimeout(typingTimer);
      typingTimer = window.setTimeout(() => show("typing", false), 6000);
    });
    stream.addEventListener("ended", () => { stream?.close(); show("there", false); show("gone", true); });
  }

  document.addEventListener("input", (event) => {
    const by = /** @type {HTMLSelectElement | null} */ (document.getElementById("by"));
    if (!address || /** @type {Element} */ (event.target).id !== "reply" || by?.value !== "chat") return;
    if (Date.now() - typedAt < 3000) return;
    typedAt = Date.now();
    post("typing");
  });
  document.addEventListener("visibilitychange", listen);
  setInterval(listen, 1000);
  listen();
})();
