// The week: shifts moved by keys and by dragging. Every one of them is a link to a form that does the same.
// @ts-check
"use strict";
(() => {
  /** @type {any} */ const htmx = /** @type {any} */ (window).htmx;
  const QUARTER = 15, DAY = 24 * 60;
  /** @typedef {{ bar: HTMLElement, person: string, day: string, from: number, to: number, html: string, name: string }} Held */
  /** @type {Held | null} */ let held = null;
  /** @type {{ person: string, day: string, from: string } | null} */ let expected = null;

  const table = () => document.getElementById("week");
  const bars = (/** @type {ParentNode} */ within = document) =>
    /** @type {HTMLElement[]} */ ([...within.querySelectorAll("a.week-bar-shift[data-shift]:not([data-goes-on='1'])")]);

  /** @param {string} text */
  const minutes = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
  /** @param {number} all */
  const clock = (all) => {
    const within = ((all % DAY) + DAY) % DAY;
    return `${String(Math.floor(within / 60)).padStart(2, "0")}:${String(within % 60).padStart(2, "0")}`;
  };
  /** @param {string} day @param {number} days */
  const later = (day, days) => {
    const date = new Date(`${day}T12:00:00Z`);
    date.setUTCDate(date.getUTCDate() + days);
    return date.toISOString().slice(0, 10);
  };

  /** @param {string} text */
  function tell(text) {
    const status = document.getElementById("week-status");
    if (status) status.textContent = text;
  }

  /** What a bar says of itself. @param {HTMLElement} bar @returns {Held} */
  function read(bar) {
    const { person = "", day = "", from = "00:00", to = "00:00" } = bar.dataset;
    const begins = minutes(from), ends = minutes(to);
    return {
      bar, person, day, from: begins, to: ends > begins ? ends : ends + DAY, html: bar.innerHTML,
      name: bar.className,
    };
  }

  /** @param {HTMLElement} bar */
  function hold(bar) {
    if (held && held.bar === bar) return held;
    release();
    held = read(bar);
    bar.dataset.held = "1";
    return held;
  }

  /** Everything as it was. */
  function release() {
    if (!held) return;
    const { bar, html, name } = held;
    bar.innerHTML = html;
    bar.className = name;
    delete bar.dataset.held;
    held = null;
  }

  /** Show a held shift where it would be. @param {Held} it */
  function show(it) {
    const cell = document.querySelector(`td[data-day="${it.day}"][data-person="${CSS.escape(it.person)}"] .axis`);
    const home = it.bar.closest(".axis");
    const quarters = Number((cell || home)?.getAttribute("data-quarters") || 96);
    if (cell && cell !== home) { const focused = document.activeElement === it.bar; cell.append(it.bar); if (focused) it.bar.focus(); }
    const first = Math.max(0, Math.min(Math.floor(it.from / QUARTER), quarters - 1));
    const last = Math.max(first + 1, Math.min(Math.ceil(it.to / QUARTER), quarters));
    it.bar.className = it.bar.className.replace(/\bf\d+\b/, `f${first}`).replace(/\bt\d+\b/, `t${last}`);
    const words = { day: it.day, from: clock(it.from), to: clock(it.to) };
    const label = it.bar.querySelector("span");
    if (label) label.textContent = `${words.from}–${words.to}`;
    tell((table()?.dataset.heldText || "").replace("{day}", words.day).replace("{from}", words.from).replace("{to}", words.to));
  }

  /** @param {Held} it */
  function save(it) {
    const form = /** @type {HTMLFormElement | null} */ (document.getElementById("week-move"));
    if (!form) return;
    const fields = {
      shift: it.bar.dataset.shift, at: it.bar.dataset.at, person: it.person, day: it.day, from: clock(it.from),
      to: clock(it.to), once: `${Date.now()}-${Math.random()}`,
    };
    for (const [name, value] of Object.entries(fields)) {
      const field = form.elements.namedItem(name);
      if (field instanceof HTMLInputElement) field.value = value || "";
    }
    expected = { person: it.person, day: it.day, from: clock(it.from) };
    form.requestSubmit();
  }

  /** @param {Held} it @param {number} from @param {number} to */
  function place(it, from, to) {
    if (from < 0 || from >= DAY || to <= from || to - from > DAY) return;
    it.from = from;
    it.to = to;
  }

  // Keys -------------------------------------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    const bar = /** @type {Element} */ (event.target).closest?.("a.week-bar-shift[data-shift]");
    if (!(bar instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && held) { const id = held.bar; back(); id.focus(); event.preventDefault(); return; }
    if (event.key === "Enter" && held) { event.preventDefault(); save(held); return; }
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };
    const step = /** @type {Record<string, number>} */ (steps)[event.key];
    if (!step) return;
    event.preventDefault();
    const it = hold(bar);
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
    const along = document.dir === "rtl" && sideways ? -step : step;
    if (!sideways) {
      const day = later(it.day, along);
      if (document.querySelector(`td[data-day="${day}"]`)) it.day = day;
    } else if (event.shiftKey) place(it, it.from, it.to + along * QUARTER);
    else place(it, it.from + along * QUARTER, it.to + along * QUARTER);
    show(it);
  });
  document.addEventListener("focusout", (event) => {
    // Whoever goes elsewhere leaves the shift where it was; the form of a refused change holds what they meant.
    if (held && event.target === held.bar && event.relatedTarget && !dragging) back();
  });

  /** Put a held shift back into its own cell. */
  function back() {
    if (!held) return;
    const { bar } = held, { day = "", person = "" } = bar.dataset;
    document.querySelector(`td[data-day="${day}"][data-person="${CSS.escape(person)}"] .axis`)?.append(bar);
    release();
    tell("");
  }

  // Dragging ---------------------------------------------------------------------------------------------------

  /** @type {{ x: number, mode: "move" | "start" | "end" | "new", it: Held | null, cell: HTMLElement | null, grip: number, mark: HTMLElement | null, went: boolean } | null} */
  let dragging = null;

  /** Which quarter of a day's axis lies under a point. @param {Element} axis @param {number} x */
  function quarterAt(axis, x) {
    const box = axis.getBoundingClientRect(), all = Number(axis.getAttribute("data-quarters") || 96);
    const along = (document.dir === "rtl" ? box.right - x : x - box.left) / box.width;
    return Math.max(0, Math.min(all, Math.round(along * all)));
  }

  document.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch" || !table()?.classList.contains("can-change")) return;
    const target = /** @type {Element} */ (event.target);
    const bar = /** @type {HTMLElement | null} */ (target.closest("a.week-bar-shift[data-shift]"));
    const axis = target.closest("td[data-person] .axis");
    if (bar && bar.dataset.goesOn !== "1" && axis) {
      const box = bar.getBoundingClientRect(), edge = Math.min(8, box.width / 4);
      const mode = event.clientX > box.right - edge ? "end" : event.clientX < box.left + edge ? "start" : "move";
      const it = read(bar);
      dragging = { x: event.clientX, mode, it, cell: null, grip: quarterAt(axis, event.clientX) * QUARTER - it.from, mark: null, went: false };
    } else if (axis && !target.closest(".week-bar:not(.week-bar-open)")) {
      const cell = /** @type {HTMLElement} */ (axis.closest("td"));
      dragging = { x: event.clientX, mode: "new", it: null, cell, grip: quarterAt(axis, event.clientX), mark: null, went: false };
      event.preventDefault();
    }
  });

  document.addEventListener("pointermove", (event) => {
    if (!dragging) return;
    if (!dragging.went && Math.abs(event.clientX - dragging.x) < 4 && !(dragging.it && event.buttons && moved(event))) return;
    if (!dragging.went) { dragging.went = true; table()?.classList.add("is-dragging"); if (dragging.it) dragging.it = hold(dragging.it.bar); }
    event.preventDefault();
    if (dragging.mode === "new") draw(event.clientX); else drag(event);
  });

  /** Whether the pointer went to another cell, up or down. @param {PointerEvent} event */
  const moved = (event) => {
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest("td[data-person]");
    return Boolean(cell && dragging?.it && cell !== dragging.it.bar.closest("td"));
  };

  /** @param {PointerEvent} event */
  function drag(event) {
    const it = dragging?.it;
    if (!dragging || !it) return;
    const over = [...document.elementsFromPoint(event.clientX, event.clientY)].find((each) => each.matches("td[data-person]"));
    const cell = /** @type {HTMLElement | null} */ (over || it.bar.closest("td"));
    const axis = cell?.querySelector(".axis");
    if (!cell || !axis) return;
    const at = quarterAt(axis, event.clientX) * QUARTER;
    if (dragging.mode === "end") place(it, it.from, at);
    else if (dragging.mode === "start") place(it, at, it.to);
    else {
      const length = it.to - it.from, from = Math.max(0, Math.min(at - dragging.grip, DAY - QUARTER));
      it.day = cell.dataset.day || it.day;
      it.person = cell.dataset.person || it.person;
      place(it, from, from + length);
    }
    show(it);
  }

  /** A shift that is being drawn. @param {number} x */
  function draw(x) {
    const axis = dragging?.cell?.querySelector(".axis");
    if (!dragging || !axis) return;
    if (!dragging.mark) { dragging.mark = document.createElement("span"); axis.append(dragging.mark); }
    const [first, last] = [dragging.grip, quarterAt(axis, x)].sort((a, b) => a - b);
    dragging.mark.className = `week-new f${Math.min(first, 99)} t${Math.max(last, first + 1)}`;
    dragging.mark.dataset.first = String(first);
    dragging.mark.dataset.last = String(Math.max(last, first + 1));
  }

  document.addEventListener("pointerup", () => {
    const done = dragging;
    dragging = null;
    table()?.classList.remove("is-dragging");
    if (!done?.went) return;
    window.addEventListener("click", swallow, { capture: true, once: true });
    window.setTimeout(() => window.removeEventListener("click", swallow, true), 0);
    if (done.it) { save(done.it); return; }
    const form = /** @type {HTMLFormElement | null} */ (document.getElementById("week-move"));
    if (!done.mark || !done.cell || !form) return;
    const query = new URLSearchParams({
      person: done.cell.dataset.person || "", day: done.cell.dataset.day || "",
      from: clock(Number(done.mark.dataset.first) * QUARTER), to: clock(Number(done.mark.dataset.last) * QUARTER),
    });
    for (const name of ["organisation", "department", "week"]) {
      query.set(name, /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value);
    }
    done.mark.remove();
    htmx.ajax("GET", `/rota/shift?${query}`, { source: document.body, target: "#dialog", swap: "innerHTML" });
  });
  document.addEventListener("pointercancel", () => { dragging?.mark?.remove(); dragging = null; back(); });
  document.addEventListener("dragstart", (event) => {
    if (/** @type {Element} */ (event.target).closest?.(".week")) event.preventDefault();
  });

  /** @param {Event} event */
  function swallow(event) { event.preventDefault(); event.stopImmediatePropagation(); }

  // Answers ----------------------------------------------------------------------------------------------------

  document.addEventListener("htmx:after:swap", (event) => {
    const ctx = /** @type {any} */ (event).detail?.ctx;
    if (ctx?.request?.method !== "POST") return;
    if (ctx.response?.status >= 400) { back(); expected = null; return; }
    held = null;
    const to = expected;
    expected = null;
    if (to) bars().find((each) => each.dataset.person === to.person && each.dataset.day === to.day && each.dataset.from === to.from)?.focus();
  });
})();
