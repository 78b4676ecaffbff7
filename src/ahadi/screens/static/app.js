// What htmx does not do: live refreshing, counting times on, dialogs, copying. Every page works without it.
// @ts-check
"use strict";
(() => {
  const root = document.documentElement;
  /** @type {any} */ const htmx = /** @type {any} */ (window).htmx;
  /** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement[]} */
  const all = (selector, within = document) => /** @type {any} */ ([...within.querySelectorAll(selector)]);
  /** @param {Event} event @param {string} selector @returns {HTMLElement | null} */
  const hit = (event, selector) => /** @type {Element} */ (event.target).closest?.(selector) ?? null;

  // Time -------------------------------------------------------------------------------------------------------
  // The server says what time it is (business time may not be this device's); from two of its words we learn the pace.

  let base = { server: Date.parse(root.dataset.now || ""), here: performance.now(), pace: 1 };
  const now = () => base.server + (performance.now() - base.here) * base.pace;
  const words = JSON.parse(root.dataset.words || "{}");

  /** @param {string | undefined} text */
  function learnTime(text) {
    const server = Date.parse(text || "");
    if (Number.isNaN(server)) return;
    const here = performance.now(), passed = here - base.here;
    const pace = passed > 2000 ? Math.min(10000, Math.max(0, (server - base.server) / passed)) : base.pace;
    base = { server, here, pace: Math.abs(pace - 1) < 0.2 ? 1 : pace };
  }

  /** The twin of moments.relative. @param {number} moment */
  function relative(moment) {
    const seconds = Math.trunc((moment - now()) / 1000), size = Math.abs(seconds);
    if (size < 60) return words.now;
    const minutes = Math.floor(size / 60), hours = Math.floor(size / 3600), days = Math.floor(size / 86400);
    const side = seconds > 0 ? "in" : "ago";
    /** @param {string} key @param {number} n */
    const say = (key, n) => words[key].replace("{h}", hours).replace("{m}", minutes % 60).replace("{n}", n);
    if (!hours) return say(`${side}_minutes`, minutes);
    if (!days && side === "ago") return say("ago_hours", hours);
    if (!days) return say(hours < 10 && minutes % 60 ? "in_hours" : "in_hours_only", hours);
    return say(days === 1 ? `${side}_day` : `${side}_days`, days);
  }

  function countOn() {
    for (const each of /** @type {HTMLTimeElement[]} */ (all("time[data-relative]"))) {
      const text = relative(Date.parse(each.dateTime));
      if (each.textContent !== text) each.textContent = text;
    }
    // A promise that came near or lapsed looks otherwise: the server knows how.
    const turned = all("[data-due]").some((each) => {
      const left = Date.parse(each.querySelector("time")?.dateTime || "") - now();
      const near = each.dataset.due;
      return (left < 0 && near !== "overdue") || (left > 0 && left <= 3600000 && near !== "soon" && near !== "overdue");
    });
    if (turned) refreshSoon(1000);
  }
  setInterval(countOn, 5000);

  // Keeping the page up to date --------------------------------------------------------------------------------

  const body = document.body;
  const connection = document.getElementById("connection");
  let refreshing = false, again = false, timer = 0;

  /** What must wait: somebody writes in it, or holds it open. @param {HTMLElement} region */
  const isBusy = (region) => {
    const active = document.activeElement;
    return (active && region.contains(active) && active.matches("input:not([type=checkbox]), textarea, select")) ||
      Boolean(region.querySelector("details[open].menu"));
  };

  /** @param {number} [wait] */
  function refreshSoon(wait = 150) {
    if (timer) return;
    timer = window.setTimeout(() => { timer = 0; refresh(); }, wait + Math.random() * wait);
  }

  async function refresh() {
    if (document.hidden) { again = true; return; }
    if (refreshing) { again = true; return; }
    const regions = all("[data-live][id]").filter((each) => !isBusy(each));
    if (!regions.length) return;
    refreshing = true;
    again = false;
    try {
      await htmx.ajax("GET", location.href, {
        source: body, target: body, swap: "none", push: "false", headers: { "X-Live": "1" },
        selectOOB: regions.map((each) => `#${each.id}:outerMorph`).join(","),
      });
    } finally {
      refreshing = false;
      // What somebody opened while the answer was under way stays open.
      for (const each of opened) each.open = true;
      opened.clear();
      if (again) refreshSoon(500);
    }
  }

  /** @type {Set<HTMLDetailsElement>} */
  const opened = new Set();
  document.addEventListener("click", (event) => {
    const menu = event.target instanceof Element && event.target.closest("details.menu > summary")?.parentElement;
    if (!refreshing || !(menu instanceof HTMLDetailsElement)) return;
    if (menu.open) opened.delete(menu); else opened.add(menu);
  }, true);

  /** @param {string} state */
  function showConnection(state) {
    if (!connection || connection.dataset.state === state) return;
    connection.dataset.state = state;
    const text = connection.querySelector(".connection-text");
    if (text) text.textContent = connection.dataset[`${state}Text`] || "";
  }

  /** @type {EventSource | null} */ let stream = null;
  let cursor = body.dataset.liveCursor || "", failures = 0, retry = 0;
  const only = body.dataset.liveCase;

  /** @param {MessageEvent} message */
  function hear(message) {
    if (message.lastEventId) cursor = message.lastEventId;
    const happened = JSON.parse(message.data);
    const mine = happened.kind === "notice.given" ||
      (/^(offer|wrap_up)\./.test(happened.kind) && happened.facts?.person === body.dataset.person);
    if (mine || !only || happened.case_id === only || happened.subject_id === only) refreshSoon(only ? 60 : 400);
  }

  function listen() {
    if (stream || !body.dataset.liveAddress || document.hidden) return;
    stream = new EventSource(`${body.dataset.liveAddress}?after=${encodeURIComponent(cursor)}`);
    stream.addEventListener("hello", (event) => {
      if (event.lastEventId) cursor = event.lastEventId;
      failures = 0;
      showConnection("live");
    });
    stream.addEventListener("journal", hear);
    stream.addEventListener("error", () => {
      showConnection("lost");
      stop();
      failures += 1;
      // A cursor that is refused again and again is of another time: load afresh and begin from now.
      if (failures % 4 === 0) { cursor = ""; refreshSoon(); }
      clearTimeout(retry);
      retry = window.setTimeout(listen, Math.min(15000, 500 * 2 ** Math.min(failures, 5)));
    });
  }

  function stop() {
    stream?.close();
    stream = null;
  }

  // A page nobody sees holds no connection (browsers allow few); it catches up by its cursor.
  let sleep = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(sleep);
    if (document.hidden) { sleep = window.setTimeout(stop, 20000); return; }
    listen();
    if (again) refresh();
    countOn();
  });
  window.addEventListener("offline", () => { showConnection("lost"); stop(); });
  window.addEventListener("online", () => { failures = 0; listen(); });
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", listen);
  listen();

  // Answers of the server --------------------------------------------------------------------------------------

  document.addEventListener("htmx:after:swap", (event) => {
    // What was sent is no longer being written; whatever else is half written stays.
    const ctx = /** @type {any} */ (event).detail?.ctx;
    if (ctx?.request?.method === "POST" && ctx.response?.status < 400) ctx.request.form?.reset();
    learnTime(document.getElementById("page")?.dataset.now);
    adorn(document);
    for (const each of /** @type {HTMLDialogElement[]} */ (all("#dialog dialog:not([open])"))) open(each);
    // What had the focus may be gone: the next Tab goes on from the content, not from the top of the page.
    if (ctx?.request?.method === "POST" && document.activeElement === body) {
      document.getElementById("page")?.focus({ preventScroll: true });
    }
  });
  document.addEventListener("htmx:error", (event) => {
    if (!/** @type {any} */ (event).detail?.ctx?.request?.headers?.["X-Live"]) showConnection("lost");
  });

  const FIELDS = "input:not([type=hidden], [type=radio]:not(:checked)), select, textarea";

  /** A dialog begins at its first field, not at the button that closes it. @param {HTMLDialogElement} dialog */
  function open(dialog) {
    dialog.showModal();
    if (!dialog.querySelector("[autofocus]")) all(FIELDS, dialog)[0]?.focus();
  }

  // Small things -----------------------------------------------------------------------------------------------

  /** What only makes sense with script is shown by script. @param {ParentNode} within */
  function adorn(within) {
    for (const each of all("[data-copies][hidden], [data-fills] > [hidden], [data-palette], [data-sheet]", within)) each.hidden = false;
    for (const each of all("[data-submits]", within)) each.hidden = true;
    for (const each of all(".toast:not([data-leaving])", within)) leave(each);
    countOn();
  }

  /** News goes by itself, but not from under somebody's hand. @param {HTMLElement} toast */
  function leave(toast) {
    toast.dataset.leaving = "";
    const undo = /** @type {HTMLElement | null} */ (toast.querySelector("[data-undo]"));
    if (undo) count(undo);
    window.setTimeout(() => (toast.matches(":hover, :focus-within") ? leave(toast) : toast.remove()), 10000);
  }

  /** The seconds in which something can be taken back. @param {HTMLElement} undo */
  function count(undo) {
    const left = undo.querySelector(".undo-left");
    const timer = window.setInterval(() => {
      const seconds = Number(left?.textContent) - 1;
      if (left) left.textContent = String(seconds);
      if (seconds > 0 && undo.isConnected) return;
      clearInterval(timer);
      undo.remove();
    }, 1000);
  }

  document.addEventListener("click", (event) => {
    const copies = hit(event, "[data-copies]");
    if (copies) {
      navigator.clipboard?.writeText(copies.dataset.copies || "").then(() => {
        copies.classList.add("is-copied");
        const label = copies.querySelector("span");
        if (label && copies.dataset.copied) label.textContent = copies.dataset.copied;
      });
    }
    const fills = hit(event, "[data-fills] > button");
    if (fills) {
      const field = document.getElementById(fills.parentElement?.dataset.fills || "");
      if (field instanceof HTMLInputElement) field.value = /** @type {HTMLButtonElement} */ (fills).value;
    }
    const closes = hit(event, "[data-closes]");
    if (closes) {
      const shut = closes.closest(closes.dataset.closes || "");
      if (shut instanceof HTMLDialogElement) { event.preventDefault(); shut.close(); } else shut?.remove();
    }
    for (const menu of /** @type {HTMLDetailsElement[]} */ (all("details.menu[open]"))) {
      if (!menu.contains(/** @type {Node} */ (event.target)) || hit(event, ".menu-panel a")) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of /** @type {HTMLDetailsElement[]} */ (all("details.menu[open]"))) {
        menu.open = false;
        menu.querySelector("summary")?.focus();
      }
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target instanceof HTMLTextAreaElement) {
      event.preventDefault();
      event.target.form?.requestSubmit();
    }
  });
  document.addEventListener("change", (event) => {
    const form = hit(event, "form[data-auto]");
    if (form instanceof HTMLFormElement) form.requestSubmit();
  });
  document.addEventListener("close", (event) => {
    if (event.target instanceof HTMLDialogElement && event.target.closest("#dialog")) event.target.remove();
  }, true);

  adorn(document);
})();
