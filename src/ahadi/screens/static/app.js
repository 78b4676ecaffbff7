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
  let refreshing = false, again = false, missed = false, timer = 0, due = 0, since = 0, took = 0;

  /** @param {any} field */
  const isWritten = (field) => field.value !== field.defaultValue;

  /** What must wait: somebody writes in it, or holds it open. @param {HTMLElement} region */
  const isBusy = (region) => {
    const active = document.activeElement;
    const writes = "input:not([type=checkbox]), textarea, select";
    return (active && region.contains(active) && active.matches(writes)) ||
      Boolean(region.querySelector("details[open].menu, [data-held]")) ||
      all("input[type=text], input[type=datetime-local], textarea", region).some(isWritten);
  };

  /** Whether the page lags behind what it heard, for whoever waits until it does not. */
  const tell = () => body.toggleAttribute("data-live-behind", Boolean(timer || refreshing || again || missed));

  /** The earliest of all who ask counts; a little chance keeps many pages from coming at once. @param {number} [wait] */
  function refreshSoon(wait = 150) {
    const at = performance.now() + wait * (1 + Math.random());
    if (timer && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = window.setTimeout(() => { timer = 0; refresh(); }, at - performance.now());
    tell();
  }

  async function refresh() {
    again = document.hidden || refreshing;
    if (again) { tell(); return; }
    const every = all("[data-live][id]"), regions = every.filter((each) => !isBusy(each));
    missed = regions.length < every.length;
    if (!regions.length) { tell(); return; }
    refreshing = true;
    tell();
    since = performance.now();
    try {
      await htmx.ajax("GET", location.href, {
        source: body, target: body, swap: "none", push: "false", headers: { "X-Live": "1" },
        selectOOB: regions.map((each) => `#${each.id}:outerMorph`).join(","),
      });
    } finally {
      refreshing = false;
      took = performance.now() - since;
      // What somebody opened while the answer was under way stays open.
      for (const each of opened) each.open = true;
      opened.clear();
      if (again) refreshSoon(500);
      tell();
    }
  }
  // What was passed over because somebody wrote there is made good when they are done.
  const resume = () => { if (missed) window.setTimeout(() => refreshSoon(), 0); };
  document.addEventListener("focusout", resume);
  document.addEventListener("toggle", resume, true);
  // Some of what is shown goes with the time alone: proposed times, days, who is there.
  const isOld = (/** @type {number} */ age) => performance.now() - since > age;
  setInterval(() => { if (!document.hidden && isOld(60000)) refreshSoon(5000); }, 10000);
  // Whoever comes back to the window sees what is so now.
  window.addEventListener("focus", () => { if (timer || missed || isOld(1000)) refreshSoon(0); });

  /** @type {Set<HTMLDetailsElement>} */
  const opened = new Set();
  document.addEventListener("click", (event) => {
    const menu = event.target instanceof Element && event.target.closest("details.menu > summary")?.parentElement;
    if (!refreshing || !(menu instanceof HTMLDetailsElement)) return;
    if (menu.open) opened.delete(menu); else opened.add(menu);
  }, true);

  // Some of what a page shows becomes true by the passing of time, and no journal tells of that.
  if (body.dataset.livePulse) setInterval(() => refreshSoon(), Number(body.dataset.livePulse) * 1000);

  /** @param {string} state */
  function showConnection(state) {
    if (!connection || connection.dataset.state === state) return;
    connection.dataset.state = state;
    const text = connection.querySelector(".connection-text");
    if (text) text.textContent = connection.dataset[`${state}Text`] || "";
  }

  /** @type {EventSource | null} */ let stream = null;
  let cursor = body.dataset.liveCursor || "", failures = 0, retry = 0;
  const only = body.dataset.liveCase, kinds = body.dataset.liveKinds;  // what the page is about, where not everything

  const person = body.dataset.person || "";

  /** Whether it is of the page's case, of one that stands on the page, or names whoever reads. @param {any} happened */
  const isNear = (happened) => [happened.case_id, happened.subject_id].includes(only) ||
    (person && JSON.stringify(happened.facts || {}).includes(person)) ||
    Boolean(happened.case_id && document.querySelector(`[data-case-id="${happened.case_id}"]`));

  /** The page's own case follows at once. A list follows every change, but not every moment, and the less often the
   * longer an answer takes; what is only beside a case may wait. @param {MessageEvent} message */
  function hear(message) {
    if (message.lastEventId) reach(message.lastEventId);
    const happened = JSON.parse(message.data), rest = Math.max(4000, took * 20) - (performance.now() - since);
    const near = Boolean(kinds && happened.kind.startsWith(kinds)) || isNear(happened);
    refreshSoon(near ? 60 : only || kinds ? 12000 : Math.max(300, rest));
  }

  /** @param {string} place */
  function reach(place) {
    cursor = place;
    body.dataset.liveCursor = place;
  }

  function listen() {
    if (stream || !body.dataset.liveAddress || document.hidden) return;
    stream = new EventSource(`${body.dataset.liveAddress}?after=${encodeURIComponent(cursor)}`);
    /** @param {MessageEvent} event */
    const greet = (event) => {
      const anew = !cursor || event.type === "stale";
      if (event.lastEventId) reach(event.lastEventId);
      failures = 0;
      showConnection("live");
      if (anew) refreshSoon();
    };
    stream.addEventListener("hello", greet);
    stream.addEventListener("stale", greet);
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
    if (again || timer) refresh();
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
    if (/** @type {any} */ (event).detail?.ctx?.request?.headers?.["X-Live"]) refreshSoon(5000);
    else showConnection("lost");
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
